import { afterEach, beforeEach, expect, test } from 'vitest';
import { helpersThatSay } from '../../test/builders/helper-reports.ts';
import { roundSources } from '../../test/builders/round-sources.ts';
import { createNodeUnderTest, NODE, type NodeUnderTest } from '../../test/builders/test-node.ts';
import type { NodeView } from '../desired/node-view.ts';
import { SYNCTHING_NODES } from '../kubernetes/resource-kind.ts';
import { goingReason, keepPodsOut } from './keep-pods-out.ts';
import { createHelperTurns } from './run-helper-turn.ts';

const A = 'v-aaaaaaaaaaaaaaaa-0123456789ab';
const B = 'v-bbbbbbbbbbbbbbbb-0123456789ab';

let node: NodeUnderTest;
beforeEach(async () => {
  node = await createNodeUnderTest();
});
afterEach(() => node[Symbol.dispose]());

const signal = AbortSignal.timeout(10_000);
const both = { folderIds: new Set([A, B]), signal };

function isGoing(folderId: string): boolean {
  return goingReason(node.ctx, folderId) !== undefined;
}

test('what is at work for too long is left out, and is not marked later either', async () => {
  const working = Promise.withResolvers<void>();
  const work = node.ctx.mutex.run(A, () => working.promise);
  const ctx = { ...node.ctx, clock: { ...node.ctx.clock, sleep: () => Promise.resolve() } };
  const kept = await keepPodsOut(ctx, both, async () => {
    working.resolve();
    await work;
    await node.ctx.mutex.run(A, () => Promise.resolve());
    return [A, B].map(isGoing);
  });
  expect(kept).toEqual({ result: [false, true], isPartial: true });
  expect([A, B].map(isGoing)).toEqual([false, false]);
});

test('a pass that fails lets pods in again, and whoever waits hears of it at once', async () => {
  const waiting = node.ctx.volumes.nextChange(A, 5_000, signal);
  await expect(keepPodsOut(node.ctx, both, () => Promise.reject(new Error('no view')))).rejects.toThrow(
    'no view',
  );
  expect([A, B].map(isGoing)).toEqual([false, false]);
  await waiting;
});

test('a tombstone is carried out in a pass that keeps pods out of its folder, and in no other', async () => {
  const { storeId } = node.ctx.store;
  const spec = { fenced: [], devices: [], tombstones: [{ folderId: A, storeId }] };
  const before = node.kubernetes.seed(SYNCTHING_NODES, { name: NODE, spec });
  const views: NodeView[] = [];
  const helpers = helpersThatSay((view) => {
    views.push(view);
    expect(isGoing(A)).toBe(true);
    return {};
  });
  const turns = createHelperTurns(node.ctx, { ...roundSources([]), node: () => before }, helpers);
  await turns.run('deleter', signal);
  // One more, of which the watch does not know yet.
  const tombstones = [...spec.tombstones, { folderId: B, storeId }];
  node.kubernetes.seed(SYNCTHING_NODES, { name: NODE, spec: { ...spec, tombstones } });
  await turns.run('deleter', signal);
  expect(views.map(({ confirmedTombstones }) => confirmedTombstones.map(({ folderId }) => folderId))).toEqual(
    [[A], [A]],
  );
});

test('a pass that had to leave something out is not done', async () => {
  const working = Promise.withResolvers<void>();
  const work = node.ctx.mutex.run(A, () => working.promise);
  const spec = { fenced: [], devices: [], tombstones: [{ folderId: A, storeId: node.ctx.store.storeId }] };
  const own = node.kubernetes.seed(SYNCTHING_NODES, { name: NODE, spec });
  const ctx = { ...node.ctx, clock: { ...node.ctx.clock, sleep: () => Promise.resolve() } };
  const sources = { ...roundSources([]), node: () => own };
  const turns = createHelperTurns(
    ctx,
    sources,
    helpersThatSay(() => ({})),
  );
  expect(await turns.run('deleter', signal)).toBe('failed');
  working.resolve();
  await work;
  expect(await turns.run('deleter', signal)).toBe('done');
});
