import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createNodeUnderTest, seedVolume, type NodeUnderTest } from '../../test/builders/test-node.ts';
import type { SyncthingReplicaSpec } from '../desired/replica.ts';
import { labelsOf } from '../kubernetes/labels.ts';
import { SYNCTHING_REPLICAS } from '../kubernetes/resource-kind.ts';
import type { VolumeRecord } from './volumes.ts';
import { createWatches } from './watches.ts';

let node: NodeUnderTest;
let ending: AbortController;
let watching: Promise<void>;
let record: VolumeRecord;
beforeEach(async () => {
  node = await createNodeUnderTest();
  const { ctx, kubernetes } = node;
  const { clock, log, driverName, volumes, wake } = ctx;
  record = volumes.record(seedVolume(node).volumeId);
  ending = new AbortController();
  const options = { client: kubernetes, clock, log, random: () => 0, node: ctx.node, driverName };
  watching = createWatches({ ...options, volumes, wake }).run(ending.signal);
});
afterEach(async () => {
  ending.abort();
  await watching;
  node[Symbol.dispose]();
});

const NAME = 'v-aaaaaaaaaaaaaaaa.n1';

function order(given: Partial<SyncthingReplicaSpec> = {}): void {
  const { name: volume, volumeId: folderId, status } = seedVolume(node);
  const labels = labelsOf(node.ctx.driverName);
  node.kubernetes.seed(SYNCTHING_REPLICAS, {
    name: NAME,
    labels,
    spec: {
      volume,
      folderId,
      node: node.ctx.node,
      label: 'label',
      role: 'data',
      epoch: 0,
      type: 'receiveonly',
      peers: [],
      base: status.base,
      ...given,
    },
  });
}

/** What only the copy that was here is known by, and what was done by its order. */
function noteCopy(): void {
  record.applied = { generation: 1, epoch: 1 };
  record.peersGo = { generation: 1, isScanned: true };
  record.unremoved = 'still mounted';
  record.versionsDropped = { epoch: 1, session: 1 };
  record.removed = true;
}

test('of a copy that went nothing is known of the next, whose generations begin anew', async () => {
  order({ removal: 'leave' });
  await vi.waitFor(() => expect(record.order?.spec.removal).toBe('leave'));
  noteCopy();
  node.kubernetes.vanish(SYNCTHING_REPLICAS, NAME);
  await vi.waitFor(() => expect(record.order).toBeUndefined());
  // The pass that took it away ended after its order had gone.
  noteCopy();
  order({ removal: 'leave' });
  await vi.waitFor(() => expect(record.order).toBeDefined());
  const { order: _, stagingPaths: __, ...known } = record;
  expect(known).toEqual({ removed: false });
});

test('what was applied before an API server was restored is no order of now', async () => {
  order();
  await vi.waitFor(() => expect(record.order).toBeDefined());
  const { order: known } = record;
  if (known === undefined) throw new Error('no order was given');
  record.order = { ...known, generation: 9 };
  noteCopy();
  await node.kubernetes.mergePatch(
    SYNCTHING_REPLICAS,
    known,
    { spec: { epoch: 1 } },
    { signal: ending.signal },
  );
  await vi.waitFor(() => expect(record.order?.generation).toBe(2));
  expect(record.applied).toEqual({ generation: 0, epoch: 0 });
  expect(record.peersGo).toBeUndefined();
  expect(record.versionsDropped).toBeDefined();
});

test('an order to go that is taken back is not told as carried out, whatever was said of it', async () => {
  order({ removal: 'leave' });
  await vi.waitFor(() => expect(record.order?.spec.removal).toBe('leave'));
  noteCopy();
  order();
  await vi.waitFor(() => expect(record.order?.spec.removal).toBeUndefined());
  expect(record.removed).toBe(false);
  expect(record.applied).toEqual({ generation: 1, epoch: 1 });
});
