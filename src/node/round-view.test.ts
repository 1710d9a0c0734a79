import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { roundSources } from '../../test/builders/round-sources.ts';
import {
  createNodeUnderTest,
  giveOrder,
  seedVolume,
  type NodeUnderTest,
} from '../../test/builders/test-node.ts';
import type { SyncthingReplica, SyncthingReplicaSpec } from '../desired/replica.ts';
import { SYNCTHING_REPLICAS } from '../kubernetes/resource-kind.ts';
import { keepPodsOut } from './keep-pods-out.ts';
import { roundView } from './round-view.ts';

let node: NodeUnderTest;
let folderId: string;
beforeEach(async () => {
  node = await createNodeUnderTest();
  folderId = seedVolume(node).volumeId;
});
afterEach(() => node[Symbol.dispose]());

/** The order as a watch and the API server have it. */
async function ordered(removal: SyncthingReplicaSpec['removal']): Promise<SyncthingReplica> {
  await giveOrder(node, seedVolume(node), { ...(removal !== undefined && { removal }) });
  const order = node.ctx.volumes.record(folderId).order;
  if (order === undefined) throw new Error('no order was given');
  return node.kubernetes.seed(SYNCTHING_REPLICAS, { name: order.name, spec: order.spec });
}

async function confirmed(replica: SyncthingReplica): Promise<boolean | undefined> {
  const signal = AbortSignal.timeout(10_000);
  const options = { helper: 'deleter', failedLast: [], signal } as const;
  const kept = await keepPodsOut(node.ctx, { folderIds: new Set([folderId]), signal }, () =>
    roundView(node.ctx, roundSources([replica]), options),
  );
  const view = kept.result;
  return view.replicas[0]?.removalConfirmed;
}

test.each(['leave', 'delete', 'archive'] as const)('%s is confirmed by the API server', async (removal) => {
  expect(await confirmed(await ordered(removal))).toBe(true);
});

test.each([
  ['leave', false],
  ['delete', true],
  ['archive', true],
] as const)('%s of a copy that a newer version wrote: %s', async (removal, isConfirmed) => {
  const replica = await ordered(removal);
  writeFileSync(node.ctx.store.layout.volume(folderId).stateFile, JSON.stringify({ version: 3 }));
  expect(await confirmed(replica)).toBe(isConfirmed);
});
