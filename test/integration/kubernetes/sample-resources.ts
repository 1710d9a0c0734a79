import type { SyncthingNodeSpec, SyncthingNodeStatus } from '../../../src/desired/node.ts';
import type { SyncthingReplicaSpec, SyncthingReplicaStatus } from '../../../src/desired/replica.ts';
import type { SyncthingVolumeSpec, SyncthingVolumeStatus } from '../../../src/desired/volume.ts';

/** Resources with every field that there is, so that a schema that lacks one loses it and a test sees it. */
const since = '2026-01-02T03:04:05.678Z';
const holder = { node: 'n1', storeId: 'store-1', sequence: 9007199254740991 };

export const volumeSpec: SyncthingVolumeSpec = {
  requestName: 'pvc-1',
  capacityBytes: 1 << 30,
  replicas: 2,
  access: 'exclusive',
  onDelete: 'archive',
  claim: { namespace: 'default', name: 'data' },
  source: { node: 'n1', directory: 'photos' },
  parameters: { replicas: '2' },
};

export const volumeStatus: SyncthingVolumeStatus = {
  epoch: 4,
  grant: { epoch: 4, node: 'n1', storeId: 'store-1', since },
  readers: [],
  published: [{ node: 'n1', since }],
  writers: [],
  base: { kind: 'failover', epoch: 3, session: 2, holders: [holder], provenThrough: since, heldBefore: 3 },
  proven: { epoch: 4, session: 1, sequence: 12, scanStartedAt: since, holders: [holder] },
  replicatedThrough: since,
  leaving: { node: 'n2', storeId: 'store-2' },
  stale: [{ node: 'n3', storeId: 'store-3', epoch: 3 }],
  conditions: [
    {
      type: 'Ready',
      status: 'True',
      reason: 'AsExpected',
      message: 'all is well',
      lastTransitionTime: since,
    },
  ],
};

/** Without a grant, beside which there are no readers. */
export const readVolumeStatus: SyncthingVolumeStatus = {
  epoch: 4,
  readers: [
    { node: 'n1', storeId: 'store-1', since },
    { node: 'n2', storeId: 'store-2', since },
  ],
  published: [],
  writers: [{ node: 'n3', storeId: 'store-3', since }],
  writing: 'n3',
  conflicts: { count: 2, names: ['a.sync-conflict-20260102-030405-ABCDEFG.txt'] },
  base: { kind: 'handoff', epoch: 4, session: 2, holders: [holder] },
  stale: [],
  conditions: [],
};

export const replicaSpec: SyncthingReplicaSpec = {
  volume: 'v-aaaaaaaaaaaaaaaa',
  folderId: 'v-aaaaaaaaaaaaaaaa-0123456789ab',
  node: 'n1',
  label: 'default/data',
  role: 'data',
  epoch: 4,
  type: 'receiveonly',
  peers: [{ node: 'n2', deviceId: 'DEVICE-2' }],
  base: volumeStatus.base,
  grant: { epoch: 4, node: 'n1', storeId: 'store-1', since },
  reader: { node: 'n1', storeId: 'store-1', since },
  access: 'eventual',
  writer: { node: 'n1', storeId: 'store-1', since },
  proven: { epoch: 4, session: 1, sequence: 12 },
  rejoin: { epoch: 3 },
  removal: 'leave',
  importFrom: 'photos',
  mayRevert: true,
  scrub: { requestedAt: since },
};

export const replicaStatus: SyncthingReplicaStatus = {
  storeId: 'store-1',
  epoch: 4,
  highestEpoch: 4,
  generation: 1,
  folder: {
    state: 'idle',
    type: 'receiveonly',
    sequence: 12,
    needItems: 1,
    needBytes: 2048,
    receiveOnlyItems: 0,
    errors: 1,
    messages: ['a: no such file'],
    scanned: true,
    peers: [{ node: 'n2', deviceId: 'DEVICE-2', connected: true, knownSequence: 7, remoteNeedEmpty: false }],
  },
  writer: {
    epoch: 4,
    right: since,
    session: 1,
    phase: 'flushing',
    since,
    switched: true,
    uncarried: ['dev/null', 'and 7 more'],
    scan: { epoch: 4, session: 1, sequence: 12, startedAt: since, afterUnmount: false },
  },
  reader: { since, phase: 'ended' },
  rejoin: { epoch: 3, step: 'archived', archive: 'archive/x/3', earlier: ['archive/x/2'] },
  scrubbed: {
    startedAt: since,
    finishedAt: since,
    files: 3,
    bytes: 4096,
    skipped: 2,
    repaired: 1,
    differing: 1,
    names: ['data/a'],
    running: { startedAt: since, files: 1, bytes: 1024, repairing: 1 },
    failing: { since, message: 'waits' },
  },
  conflicts: { count: 1, names: ['b.sync-conflict-20260102-030405-ABCDEFG'] },
  mounts: ['/var/lib/kubelet/pods/1'],
  removed: false,
  message: 'waits for n2',
  observedAt: since,
};

export const nodeSpec: SyncthingNodeSpec = {
  fenced: ['n3'],
  devices: [{ node: 'n2', deviceId: 'DEVICE-2', addresses: ['tcp://10.0.0.2:22000'] }],
  tombstones: [
    { folderId: 'v-aaaaaaaaaaaaaaaa-0123456789ab', storeId: 'store-1', onDelete: 'archive' },
    { folderId: 'v-dddddddddddddddd-0123456789ab', storeId: 'store-1' },
  ],
};

export const nodeStatus: SyncthingNodeStatus = {
  deviceId: 'DEVICE-1',
  addresses: ['tcp://10.0.0.1:22000'],
  storeId: 'store-1',
  heartbeat: since,
  labelled: true,
  unfit: 'disk full',
  capacity: { totalBytes: 2 ** 40, freeBytes: 2 ** 39 },
  wanted: [
    {
      volume: 'v-aaaaaaaaaaaaaaaa',
      volumeId: 'v-aaaaaaaaaaaaaaaa-0123456789ab',
      since,
      reads: true,
      base: { epoch: 3, session: 2 },
    },
  ],
  fenced: ['n3'],
  tombstonesDone: ['v-bbbbbbbbbbbbbbbb-0123456789ab'],
  orphans: ['v-cccccccccccccccc-0123456789ab'],
  syncthing: { ready: true, version: 'v2.1.3', message: 'fine' },
};
