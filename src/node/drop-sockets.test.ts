import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createNodeUnderTest, giveWriting, type NodeUnderTest } from '../../test/builders/test-node.ts';
import { dropSockets } from './drop-sockets.ts';

const SINCE = '2026-01-02T03:04:05.000Z';
const signal = AbortSignal.timeout(10_000);

let node: NodeUnderTest;
let folderId: string;
let data: string;
beforeEach(async () => {
  node = await createNodeUnderTest();
  folderId = (await giveWriting(node, SINCE)).volumeId;
  data = node.ctx.store.layout.volume(folderId).data;
  mkdirSync(path.join(data, 'run'), { recursive: true });
  writeFileSync(path.join(data, 'run/file'), 'kept');
  execFileSync('sh', ['-c', `cd "$1" && mkfifo run/fifo "run/$(printf '\\377')"`, 'sh', data]);
});
afterEach(() => node[Symbol.dispose]());

async function drop(session: number): Promise<boolean> {
  const state = await node.ctx.states.read(folderId);
  if (state === undefined) throw new Error('no copy');
  await node.ctx.states.write({ ...state, writing: { since: SINCE, session: 1, phase: 'writing' } });
  const request = { folderId, epoch: 0, session, afterUnmount: true, isShared: true };
  return dropSockets(node.ctx, request, signal);
}

test('what no other node gets goes, and nothing else', async () => {
  expect(await drop(1)).toBe(true);
  expect(readdirSync(path.join(data, 'run'))).toEqual(['file']);
});

test('not from under a pod that came back', async () => {
  expect(await drop(2)).toBe(false);
  expect(existsSync(path.join(data, 'run/fifo'))).toBe(true);
});
