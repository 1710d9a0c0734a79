import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  callOf,
  createNodeUnderTest,
  giveGrant,
  giveOrder,
  giveWriting,
  NODE,
  seedVolume,
  type NodeUnderTest,
} from '../../test/builders/test-node.ts';
import type { SyncthingReplica } from '../desired/replica.ts';
import type { SyncthingVolume } from '../desired/volume.ts';
import { copyOf } from './begin-copy.ts';
import { takeSession } from './take-session.ts';
import { openWriting } from './take-writing.ts';

const SINCE = '2026-01-02T03:04:05.000Z';

let node: NodeUnderTest;
beforeEach(async () => {
  node = await createNodeUnderTest();
});
afterEach(() => node[Symbol.dispose]());

/** The order, once the copy's directory has gone. */
function orderAfterLoss({ volumeId }: SyncthingVolume): SyncthingReplica {
  const { directory } = node.ctx.store.layout.volume(volumeId);
  renameSync(directory, `${directory}.elsewhere`);
  const { order } = node.ctx.volumes.record(volumeId);
  if (order === undefined) throw new Error('no order was given');
  return order;
}

test.each([
  ['alone', () => giveGrant(node, 1), takeSession],
  ['beside others', () => giveWriting(node, SINCE), openWriting],
] as const)('a copy that a pod writes %s is not begun anew', async (_, give, take) => {
  const volume = await give();
  mkdirSync(node.ctx.store.layout.volume(volume.volumeId).data);
  const { signal } = callOf();
  await take(node.ctx, volume.volumeId, signal);
  expect(await take(node.ctx, volume.volumeId, signal)).toMatchObject({ kind: 'open' });
  const order = orderAfterLoss(volume);
  const { directory, stateFile } = node.ctx.store.layout.volume(order.spec.folderId);
  await expect(copyOf(node.ctx, order)).rejects.toMatchObject({
    kind: 'inconsistent',
    message: expect.stringContaining(`${stateFile} is missing on n1, which may write the volume since 2026`),
  });
  expect(existsSync(directory)).toBe(false);
});

test('any other is, and knows nothing of the one before', async () => {
  const volume = seedVolume(node);
  await giveOrder(node, volume);
  const record = node.ctx.volumes.record(volume.volumeId);
  record.applied = { generation: 1, epoch: 1 };
  const order = orderAfterLoss(volume);
  const other = { epoch: 3, node: 'n2', storeId: 'store-2', since: SINCE };
  const made = await copyOf(node.ctx, { ...order, spec: { ...order.spec, grant: other } });
  expect(made).toMatchObject({ highestEpoch: 0, phase: { kind: 'replica' } });
  expect(record.applied).toBeUndefined();
});

test('so is one under a right that nobody used in this life: the API server may be of an older day', async () => {
  expect(await copyOf(node.ctx, orderAfterLoss(await giveGrant(node, 1)))).toBeDefined();
});

test('and one of another disk of the same node', async () => {
  const volume = seedVolume(node);
  await giveOrder(node, volume, {
    grant: { epoch: 3, node: NODE, storeId: 'the disk before', since: SINCE },
  });
  node.ctx.volumes.record(volume.volumeId).opened = SINCE;
  expect(await copyOf(node.ctx, orderAfterLoss(volume))).toBeDefined();
});

test('one that is to go is not begun; one that comes after it is, under whatever right', async () => {
  const volume = seedVolume(node);
  const grant = { epoch: 3, node: NODE, storeId: node.ctx.store.storeId, since: SINCE };
  await giveOrder(node, volume, { grant, removal: 'leave' });
  node.ctx.volumes.record(volume.volumeId).opened = SINCE;
  const order = orderAfterLoss(volume);
  expect(await copyOf(node.ctx, order)).toBeUndefined();
  const { removal: _, ...spec } = order.spec;
  expect(await copyOf(node.ctx, { ...order, spec })).toBeDefined();
});
