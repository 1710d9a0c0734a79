import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
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

/** `meanwhile` is what happens after they were looked for. */
async function drop(session: number, meanwhile: () => void = () => undefined): Promise<boolean> {
  const state = await node.ctx.states.read(folderId);
  if (state === undefined) throw new Error('no copy');
  await node.ctx.states.write({ ...state, writing: { since: SINCE, session: 1, phase: 'writing' } });
  const request = { folderId, epoch: 0, session, afterUnmount: true, isShared: true };
  const states: typeof node.ctx.states = {
    ...node.ctx.states,
    read: async (id) => {
      meanwhile();
      return node.ctx.states.read(id);
    },
  };
  return dropSockets({ ...node.ctx, states }, request, signal);
}

test('what no other node gets goes, and nothing else', async () => {
  expect(await drop(1)).toBe(true);
  expect(readdirSync(path.join(data, 'run'))).toEqual(['file']);
});

test('not from under a pod that came back', async () => {
  expect(await drop(2)).toBe(false);
  expect(existsSync(path.join(data, 'run/fifo'))).toBe(true);
});

test('nothing that has come in the place of one, nor what a link leads to', async () => {
  const victim = path.join(data, '../victim');
  const run = path.join(data, 'run');
  mkdirSync(path.join(data, 'other'));
  execFileSync('mkfifo', [path.join(data, 'other/fifo')]);
  const isDropped = await drop(1, () => {
    renameSync(run, victim);
    rmSync(path.join(victim, 'fifo'));
    writeFileSync(path.join(victim, 'fifo'), 'precious');
    symlinkSync('../victim', run);
    rmSync(path.join(data, 'other/fifo'));
    writeFileSync(path.join(data, 'other/fifo'), 'a file by now');
  });
  expect(isDropped).toBe(true);
  expect(readdirSync(victim)).toHaveLength(3);
  expect(readdirSync(path.join(data, 'other'))).toEqual(['fifo']);
});
