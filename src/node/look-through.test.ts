import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  createNodeUnderTest,
  giveGrant,
  giveOrder,
  type NodeUnderTest,
} from '../../test/builders/test-node.ts';
import type { NodeContext } from './context.ts';
import { lookThrough } from './look-through.ts';

const signal = AbortSignal.timeout(10_000);
let node: NodeUnderTest;
let scans: { readonly end: () => void; readonly fail: (error: Error) => void }[];
let ctx: NodeContext;
let folderId: string;

beforeEach(async () => {
  node = await createNodeUnderTest();
  const volume = await giveGrant(node, 2);
  await giveOrder(node, volume, {});
  folderId = volume.volumeId;
  scans = [];
  const scan = async (): Promise<void> => {
    await new Promise<void>((end, fail) => scans.push({ end, fail }));
  };
  // A moment is over at once.
  const clock = { ...node.ctx.clock, sleep: async () => await Promise.resolve() };
  const syncthing = { ...node.ctx.syncthing, scan, localChanged: async () => await Promise.resolve([]) };
  ctx = { ...node.ctx, clock, syncthing };
});
afterEach(() => node[Symbol.dispose]());

test('a scan that takes long outlives the call, wakes who waits, and is not made twice for the same right', async () => {
  expect(await lookThrough(ctx, folderId, 'epoch 2', signal)).toContain('looks through its files');
  expect(await lookThrough(ctx, folderId, 'epoch 2', signal)).toContain('looks through its files');
  expect(scans).toHaveLength(1);
  const woken = node.ctx.volumes.nextChange(folderId, 10_000, signal);
  scans[0]?.end();
  await woken;
  expect(await lookThrough(ctx, folderId, 'epoch 2', signal)).toBeUndefined();
  expect(scans).toHaveLength(1);
});

test('another right asks for another scan, and one that ends late says nothing of it', async () => {
  await lookThrough(ctx, folderId, 'epoch 2', signal);
  await lookThrough(ctx, folderId, 'epoch 4', signal);
  expect(scans).toHaveLength(2);
  scans[0]?.end();
  expect(await lookThrough(ctx, folderId, 'epoch 4', signal)).toContain('looks through its files');
});

test('a scan that cannot be made is told, and tried again', async () => {
  await lookThrough(ctx, folderId, 'epoch 2', signal);
  const woken = node.ctx.volumes.nextChange(folderId, 10_000, signal);
  scans[0]?.fail(new Error('folder marker missing'));
  await woken;
  await lookThrough(ctx, folderId, 'epoch 2', signal);
  expect(scans).toHaveLength(2);
  scans[1]?.end();
});
