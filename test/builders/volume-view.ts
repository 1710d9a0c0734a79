/** Views of one volume for tests: everything is in order unless a test says otherwise. */
import type { ClusterNode, SyncthingNode, SyncthingNodeStatus } from '../../src/desired/node.ts';
import { replicaName } from '../../src/desired/replica-name.ts';
import type {
  FolderReport,
  PeerReport,
  SyncthingReplica,
  SyncthingReplicaSpec,
  SyncthingReplicaStatus,
  WriterReport,
} from '../../src/desired/replica.ts';
import type {
  Base,
  Grant,
  Holder,
  Reader,
  SyncthingVolume,
  SyncthingVolumeSpec,
  SyncthingVolumeStatus,
  Writer,
} from '../../src/desired/volume.ts';
import { defaultHandoffSettings } from '../../src/handoff/settings.ts';
import type { VolumeView } from '../../src/handoff/view.ts';

export const NOW = Date.parse('2026-01-02T03:04:05.000Z');
export const VOLUME = 'v-aaaaaaaaaaaaaaaa';
export const VOLUME_ID = `${VOLUME}-0123456789ab`;
export const STORAGE_LABEL = 'example.com/syncthing-storage';

/** A moment relative to NOW, RFC 3339. */
export function at(ms: number): string {
  return new Date(NOW + ms).toISOString();
}

export function storeOf(node: string): string {
  return `store-${node}`;
}

export function deviceOf(node: string): string {
  return `DEVICE-${node}`;
}

const identity = {
  uid: '01234567-89ab-4000-8000-000000000000',
  resourceVersion: '1',
  generation: 1,
  finalizers: [],
};

/** Syncthing's database on every node, as long as none was lost. */
const INDEX = 'index';
/** After it was lost, counted past all that was proven. */
export const MADE_ANEW = { index: 'another', sequence: 99 } as const;

export const EMPTY_BASE: Base = { kind: 'empty', epoch: 0, session: 0, holders: [] };

export function holder(node: string, sequence = 10): Holder {
  return { node, storeId: storeOf(node), sequence, index: INDEX };
}

export function handoffBase(nodes: readonly string[], given: Partial<Base> = {}): Base {
  return { kind: 'handoff', epoch: 1, session: 1, holders: nodes.map((node) => holder(node)), ...given };
}

export function grantTo(node: string, epoch: number): Grant {
  return { epoch, node, storeId: storeOf(node), since: at(-60_000) };
}

export function readerOn(node: string, since = at(-60_000)): Reader {
  return { node, storeId: storeOf(node), since };
}

export function writerOn(node: string, since = at(-60_000)): Writer {
  return { node, storeId: storeOf(node), since };
}

/** Of a volume that many write: these had all once. */
export function sharedBase(nodes: readonly string[]): Base {
  return { kind: 'shared', epoch: 0, session: 0, holders: nodes.map((node) => holder(node)) };
}

/** A session under a right to write beside others, scanned at the sequence that `folder` has. */
export function writes(
  given: Partial<WriterReport> = {},
  scan: Partial<NonNullable<WriterReport['scan']>> = {},
): WriterReport {
  const session = given.session ?? 1;
  return {
    epoch: 0,
    right: at(-60_000),
    session,
    phase: 'attached',
    since: at(-5_000),
    switched: true,
    scan: { epoch: 0, session, sequence: 10, startedAt: at(-4_000), afterUnmount: true, ...scan },
    ...given,
  };
}

export function volumeSpec(given: Partial<SyncthingVolumeSpec> = {}): SyncthingVolumeSpec {
  return {
    requestName: 'pvc-1',
    capacityBytes: 1 << 30,
    access: 'exclusive',
    onDelete: 'delete',
    parameters: {},
    ...given,
  };
}

export function volume(
  given: {
    readonly spec?: Partial<SyncthingVolumeSpec>;
    readonly status?: Partial<SyncthingVolumeStatus>;
  } = {},
): SyncthingVolume {
  const status = {
    epoch: 0,
    readers: [],
    published: [],
    writers: [],
    base: EMPTY_BASE,
    stale: [],
    conditions: [],
    ...given.status,
  };
  return { ...identity, name: VOLUME, volumeId: VOLUME_ID, spec: volumeSpec(given.spec), status };
}

/** A peer to which nothing is owed and whose index is known as far as it goes. */
export function peer(node: string, given: Partial<PeerReport> = {}): PeerReport {
  return {
    node,
    deviceId: deviceOf(node),
    connected: true,
    knownSequence: 10,
    remoteNeedEmpty: true,
    ...given,
  };
}

export function folder(peers: readonly string[], given: Partial<FolderReport> = {}): FolderReport {
  return {
    state: 'idle',
    type: 'receiveonly',
    sequence: 10,
    needItems: 0,
    needBytes: 0,
    receiveOnlyItems: 0,
    errors: 0,
    messages: [],
    scanned: true,
    index: INDEX,
    peers: peers.map((node) => peer(node)),
    ...given,
  };
}

export interface ReplicaGiven {
  readonly spec?: Partial<SyncthingReplicaSpec>;
  /** `null`: nothing was reported yet. */
  readonly status?: Partial<SyncthingReplicaStatus> | null;
  readonly generation?: number;
}

/** A data copy, in sync with the others. */
export function replica(node: string, others: readonly string[], given: ReplicaGiven = {}): SyncthingReplica {
  const peers = others.filter((other) => other !== node);
  const spec: SyncthingReplicaSpec = {
    volume: VOLUME,
    folderId: VOLUME_ID,
    node,
    label: 'pvc-1',
    role: 'data',
    epoch: 0,
    type: 'receiveonly',
    peers: peers.map((other) => ({ node: other, deviceId: deviceOf(other) })),
    base: EMPTY_BASE,
    ...given.spec,
  };
  const status: SyncthingReplicaStatus = {
    storeId: storeOf(node),
    epoch: spec.epoch,
    highestEpoch: spec.epoch,
    generation: 1,
    folder: folder(peers),
    mounts: [],
    removed: false,
    observedAt: at(0),
    ...given.status,
  };
  const { generation = 1 } = given;
  return {
    ...identity,
    name: replicaName(VOLUME, node),
    generation,
    spec,
    ...(given.status !== null && { status }),
  };
}

export function nodeStatus(name: string, given: Partial<SyncthingNodeStatus> = {}): SyncthingNodeStatus {
  return {
    deviceId: deviceOf(name),
    addresses: [`tcp://${name}:22000`],
    storeId: storeOf(name),
    heartbeat: at(-1000),
    labelled: true,
    capacity: { totalBytes: 2 ** 40, freeBytes: 2 ** 39 },
    wanted: [],
    fenced: [],
    tombstonesDone: [],
    orphans: [],
    syncthing: { ready: true, version: 'v2.1.3' },
    ...given,
  };
}

export function node(name: string, status: Partial<SyncthingNodeStatus> = {}): SyncthingNode {
  return {
    ...identity,
    name,
    spec: { fenced: [], devices: [], tombstones: [] },
    status: nodeStatus(name, status),
  };
}

/** A node like any, of which a person said that it is to be shut out. */
export function expelledNode(name: string, status: Partial<SyncthingNodeStatus> = {}): SyncthingNode {
  const { spec, ...rest } = node(name, status);
  return { ...rest, spec: { ...spec, expelled: true } };
}

export function clusterNode(name: string, given: Partial<ClusterNode> = {}): ClusterNode {
  return {
    name,
    uid: `uid-${name}`,
    ready: true,
    outOfService: false,
    labels: { [STORAGE_LABEL]: 'yes' },
    ...given,
  };
}

/** The request of a node that has seen the base. */
export function asks(
  base: Pick<Base, 'epoch' | 'session'> = EMPTY_BASE,
  since = at(-500),
): Pick<SyncthingNodeStatus, 'wanted'> {
  return {
    wanted: [
      { volume: VOLUME, volumeId: VOLUME_ID, since, base: { epoch: base.epoch, session: base.session } },
    ],
  };
}

/** The same of one that asks to read beside others. */
export function asksToRead(
  base: Pick<Base, 'epoch' | 'session'> = EMPTY_BASE,
  since = at(-500),
): Pick<SyncthingNodeStatus, 'wanted'> {
  return { wanted: asks(base, since).wanted.map((wanted) => ({ ...wanted, reads: true })) };
}

export const SILENT: Partial<SyncthingNodeStatus> = {
  heartbeat: at(-defaultHandoffSettings.heartbeatTimeoutMs - 1),
};

export interface ViewGiven {
  readonly volume?: SyncthingVolume;
  readonly replicas: readonly SyncthingReplica[];
  /** Besides one, in order, for each replica. */
  readonly nodes?: readonly SyncthingNode[];
  readonly clusterNodes?: readonly ClusterNode[];
}

export function view(given: ViewGiven): VolumeView {
  const nodes = new Map(given.replicas.map((copy) => [copy.spec.node, node(copy.spec.node)]));
  for (const each of given.nodes ?? []) nodes.set(each.name, each);
  const clusterNodes = new Map([...nodes.keys()].map((name) => [name, clusterNode(name)]));
  for (const each of given.clusterNodes ?? []) clusterNodes.set(each.name, each);
  return {
    volume: given.volume ?? volume(),
    replicas: new Map(given.replicas.map((copy) => [copy.spec.node, copy])),
    nodes,
    clusterNodes,
    now: NOW,
    settings: defaultHandoffSettings,
  };
}
