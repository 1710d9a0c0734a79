import { afterEach, beforeEach, expect, test } from 'vitest';
import { roundSources } from '../../test/builders/round-sources.ts';
import {
  createNodeUnderTest,
  giveOrder,
  seedVolume,
  type NodeUnderTest,
} from '../../test/builders/test-node.ts';
import type { PassFailure } from '../desired/node-view.ts';
import type { Helpers } from './helpers.ts';
import { createHelperTurns } from './run-helper-turn.ts';

const REASON = 'still mounted on this node: end its pods';

let node: NodeUnderTest;
beforeEach(async () => {
  node = await createNodeUnderTest();
});
afterEach(() => node[Symbol.dispose]());

test('why an order to remove is not carried out is kept until a pass of the deleter has nothing to say', async () => {
  const volume = seedVolume(node);
  await giveOrder(node, volume, { removal: 'delete' });
  const record = node.ctx.volumes.record(volume.volumeId);
  const { order } = record;
  if (order === undefined) throw new Error('no order was given');
  let failed: readonly PassFailure[] = [{ item: order.name, reason: REASON }];
  const report = { changed: 0, more: false, removed: [], tombstonesDone: [] };
  const helpers = {
    run: async () => await Promise.resolve({ ...report, orphans: [], failed }),
  } as unknown as Helpers;
  const turns = createHelperTurns(node.ctx, roundSources([order]), helpers);
  const signal = AbortSignal.timeout(10_000);
  await turns.run('deleter', signal);
  expect(record.unremoved).toBe(REASON);
  failed = [];
  await turns.run('deleter', signal);
  expect(record.unremoved).toBeUndefined();
});
