import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createNodeUnderTest, giveWriting, type NodeUnderTest } from '../../test/builders/test-node.ts';
import { findConflictCopies, noteChangedNames, seekConflictCopies } from './conflict-copies.ts';

const COPY = 'dir/a.sync-conflict-20260102-030405-ABCDEFG.txt';
const OTHER = 'b.sync-conflict-20260102-030406-ABCDEFG';

let node: NodeUnderTest;
let folderId: string;
let data: string;
beforeEach(async () => {
  node = await createNodeUnderTest();
  folderId = (await giveWriting(node, '2026-01-02T03:04:05.000Z')).volumeId;
  data = node.ctx.store.layout.volume(folderId).data;
  mkdirSync(path.join(data, 'dir'), { recursive: true });
  for (const name of ['a.txt', 'b.sync-conflict-notes', COPY]) writeFileSync(path.join(data, name), '');
});
afterEach(() => node[Symbol.dispose]());

function found(): readonly string[] {
  return [...(node.ctx.volumes.record(folderId).conflicts ?? [])].toSorted();
}

function look(): Promise<void> {
  return findConflictCopies(node.ctx, folderId, AbortSignal.timeout(10_000));
}

test('are found by their names, wherever they lie', async () => {
  await look();
  expect(found()).toEqual([COPY]);
});

test('none where there are no files', async () => {
  rmSync(data, { recursive: true });
  await look();
  expect(found()).toEqual([]);
});

test('come and go with what Syncthing tells; other names are nothing to look at', async () => {
  await look();
  writeFileSync(path.join(data, OTHER), '');
  await noteChangedNames(node.ctx, folderId, ['data/a.txt', `data/${OTHER}`, `.stversions/${COPY}`]);
  expect(found()).toEqual([OTHER, COPY]);
  rmSync(path.join(data, COPY));
  await noteChangedNames(node.ctx, folderId, [`data/${COPY}`]);
  expect(found()).toEqual([OTHER]);
});

test('what is told while the look lasts is not lost', async () => {
  writeFileSync(path.join(data, OTHER), '');
  await noteChangedNames(node.ctx, folderId, [`data/${OTHER}`]);
  await look();
  expect(found()).toEqual([OTHER, COPY]);
});

test('are looked for once, and only in a volume that many write', async () => {
  const record = node.ctx.volumes.record(folderId);
  seekConflictCopies(node.ctx, folderId, AbortSignal.timeout(10_000));
  await expect.poll(found).toEqual([COPY]);
  delete record.conflicts;
  seekConflictCopies(node.ctx, folderId, AbortSignal.timeout(10_000));
  expect(record.conflictsSought).toBe(true);
  const { order } = record;
  if (order === undefined) throw new Error('no order');
  const { access: _, ...spec } = order.spec;
  record.order = { ...order, spec };
  record.conflictsSought = false;
  seekConflictCopies(node.ctx, folderId, AbortSignal.timeout(10_000));
  await noteChangedNames(node.ctx, folderId, [`data/${COPY}`]);
  expect([record.conflictsSought, record.conflicts]).toEqual([false, undefined]);
});
