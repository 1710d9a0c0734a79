import { describe, expect, test } from 'vitest';
import {
  at,
  clusterNode,
  grantTo,
  handoffBase,
  node,
  replica,
  SILENT,
  view,
  volume,
} from '../../test/builders/volume-view.ts';
import type { SyncthingReplicaStatus } from '../desired/replica.ts';
import { createFakeKubernetes } from '../kubernetes/fake.ts';
import { CLUSTER_NODES, SYNCTHING_REPLICAS } from '../kubernetes/resource-kind.ts';
import { systemClock } from '../runtime/clock.ts';
import { confirmLoss } from './confirm-loss.ts';
import { knownObjects } from './context.ts';

const signal = AbortSignal.timeout(10_000);
const ALL = ['n1', 'n2'];
const SCAN = { epoch: 2, session: 1, sequence: 10, startedAt: at(-5000), afterUnmount: true };

type Phase = NonNullable<SyncthingReplicaStatus['writer']>['phase'];

function writing(phase: Phase) {
  const writer = { epoch: 2, session: 1, phase, since: at(-6000), switched: true, scan: SCAN };
  return replica('n1', ALL, { status: { writer } });
}

/** n1 is out of service; what its node wrote last may not have come to the controller. */
async function confirm(live: Phase | undefined): Promise<void> {
  const client = createFakeKubernetes({ clock: systemClock });
  client.seed(CLUSTER_NODES, {
    name: 'n1',
    labels: {},
    spec: { taints: [{ key: 'node.kubernetes.io/out-of-service' }] },
    status: { conditions: [] },
  });
  const known = writing('flushing');
  if (live !== undefined) {
    const { status } = writing(live);
    client.seed(SYNCTHING_REPLICAS, { name: known.name, spec: known.spec, ...(status && { status }) });
  }
  const none = { synced: true, contactAt: 0, get: () => undefined, items: () => [] };
  const caches = { volumes: none, replicas: none, nodes: none, clusterNodes: none };
  const ctx = { client, known: knownObjects(caches, systemClock) };
  const seen = view({
    volume: volume({ status: { epoch: 2, base: handoffBase(ALL), grant: grantTo('n1', 2) } }),
    replicas: [known, replica('n2', ALL)],
    nodes: [node('n1', { ...SILENT, storeId: 'store-n1' }), node('n2', { fenced: ['n1'] })],
    clusterNodes: [clusterNode('n1', { outOfService: true })],
  });
  await confirmLoss(ctx, seen, signal);
}

describe('before a lost writer is followed by another', () => {
  test.each(['attached', 'flushing', undefined] as const)(
    'its last report is read live: %s',
    async (phase) => {
      await expect(confirm(phase)).resolves.toBeUndefined();
    },
  );

  test.each(['released', 'untouched'] as const)(
    'and it is planned again where that says %s',
    async (phase) => {
      await expect(confirm(phase)).rejects.toMatchObject({ kind: 'conflict' });
    },
  );
});
