import type { NodeView, ReplicaOrder } from '../../src/desired/node-view.ts';
import type { SyncthingReplicaSpec } from '../../src/desired/replica.ts';
import { newDiskState, type DiskPhase, type DiskState } from '../../src/handoff/disk-state.ts';

export const STORE = 'store-1';

/** A valid volume id, another for each number below 32. */
export function folderId(number: number): string {
  return `v-${'abcdefghijklmnopqrstuvwxyz234567'.charAt(number).repeat(16)}-0123456789ab`;
}

/** The view of node `n1`, whose controller has made its resource, and which has nothing to do. */
export function nodeView(given: Partial<NodeView> = {}): NodeView {
  return {
    node: 'n1',
    driverName: 'syncthing.test',
    storeId: STORE,
    hostDataDir: '/data',
    syncthing: { socketPath: '/run/syncthing.sock', apiKeyFile: '/data/syncthing/api-key' },
    labels: {},
    storageLabel: 'syncthing.test/syncthing-storage',
    order: { fenced: [], devices: [], tombstones: [] },
    replicas: [],
    unreadable: [],
    states: {},
    mounted: [],
    scanned: [],
    confirmedTombstones: [],
    budgetMs: 10_000,
    failedLast: [],
    trashGraceMs: 60_000,
    ...given,
  };
}

export type OrderGiven = Partial<SyncthingReplicaSpec> & {
  readonly generation?: number;
  readonly removalConfirmed?: boolean;
};

/** The order of a data node's copy that others write. */
export function replicaOrder(
  id: string,
  { generation = 1, removalConfirmed = false, ...given }: OrderGiven = {},
): ReplicaOrder {
  const volume = id.slice(0, 18);
  const node = given.node ?? 'n1';
  return {
    name: `${volume}.${node}`,
    uid: 'uid',
    generation,
    removalConfirmed,
    spec: {
      volume,
      folderId: id,
      node,
      label: 'default/claim',
      role: 'data',
      epoch: 1,
      type: 'receiveonly',
      peers: [],
      base: { kind: 'empty', epoch: 0, session: 0, holders: [] },
      ...given,
    },
  };
}

export function grantTo(node: string, epoch = 1): NonNullable<SyncthingReplicaSpec['grant']> {
  return { epoch, node, storeId: STORE, since: '2026-01-01T00:00:00Z' };
}

export function diskState(id: string, phase: DiskPhase = { kind: 'replica' }, storeId = STORE): DiskState {
  return { ...newDiskState({ volume: id.slice(0, 18), folderId: id, storeId }), phase };
}

export const PHASES: readonly DiskPhase[] = [
  { kind: 'replica' },
  { kind: 'taking', epoch: 1 },
  { kind: 'writer', epoch: 1, session: 1 },
  { kind: 'released', epoch: 1, session: 1, scan: { sequence: 5, startedAt: '2026-01-01T00:00:00Z' } },
  { kind: 'untouched', epoch: 1 },
  { kind: 'rejoining', epoch: 1, step: 'archiving', archive: '/data/archive/x/1' },
  { kind: 'rejoining', epoch: 1, step: 'archived', archive: '/data/archive/x/1' },
];
