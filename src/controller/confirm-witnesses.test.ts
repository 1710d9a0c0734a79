import { describe, expect, test } from 'vitest';
import { folder, replica } from '../../test/builders/volume-view.ts';
import type { SyncthingReplica, SyncthingReplicaStatus } from '../desired/replica.ts';
import { createFakeKubernetes } from '../kubernetes/fake.ts';
import { SYNCTHING_REPLICAS } from '../kubernetes/resource-kind.ts';
import { systemClock } from '../runtime/clock.ts';
import { confirmWitnesses } from './confirm-witnesses.ts';
import { knownObjects } from './context.ts';

const signal = AbortSignal.timeout(10_000);

/** What the API server has of a copy that is known as a clean one. */
async function confirm(live: Partial<SyncthingReplicaStatus>): Promise<void> {
  const client = createFakeKubernetes({ clock: systemClock });
  const known = replica('n2', ['n1']);
  const { name, spec } = known;
  const seeded = client.seed(SYNCTHING_REPLICAS, { name, spec, status: { ...known.status, ...live } });
  const none = { synced: true, contactAt: 0, get: () => undefined, items: () => [] };
  const caches = { volumes: none, replicas: none, nodes: none, clusterNodes: none };
  const witness: SyncthingReplica = { ...known, uid: seeded.uid };
  await confirmWitnesses(
    { client, known: knownObjects(caches, systemClock) },
    { witnesses: [witness] },
    signal,
  );
}

describe('before a holder is struck for the sake of another copy', () => {
  test('that one is read live', async () => expect(confirm({})).resolves.toBeUndefined());

  const nothing = { files: 0, bytes: 0, skipped: 0, repaired: 0, differing: 0, names: [] };
  test.each<[string, Partial<SyncthingReplicaStatus>]>([
    ['has changed files', { folder: folder(['n1'], { receiveOnlyItems: 1 }) }],
    ['fetches something', { folder: folder(['n1'], { needItems: 1 }) }],
    ['is on another disk', { storeId: 'other' }],
    [
      'is about to repair files',
      { scrubbed: { ...nothing, running: { startedAt: '', files: 0, bytes: 0, repairing: 1 } } },
    ],
  ])('and it is planned again where it %s by now', async (_, live) => {
    await expect(confirm(live)).rejects.toMatchObject({ kind: 'conflict' });
  });
});
