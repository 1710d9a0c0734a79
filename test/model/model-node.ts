/** One node: its disk, its daemon, the driver's process and what the kubelet has mounted. */
import type { SyncthingNode } from '../../src/desired/node.ts';
import type { NodeView } from '../../src/desired/node-view.ts';
import type { FolderType, SyncthingReplica, SyncthingReplicaStatus } from '../../src/desired/replica.ts';
import type { DiskPhase } from '../../src/handoff/disk-state.ts';
import type { LocalAction } from '../../src/handoff/local.ts';
import type { VolumeRecord } from '../../src/node/volumes.ts';
import { newDisk, type Disk } from './disk.ts';

export type HelperName = 'introducer' | 'resharer' | 'deleter';

/** What syncthing's process knows beside its database. */
export interface Daemon {
  isOn: boolean;
  /** A scan of the folder finished since the process started. */
  isScanned: boolean;
  /** A change of the folder's configuration restarts it, and it scans before it pulls. */
  hasToScan: boolean;
  restarts: number;
  /** The folder is in error, and only a scan looks whether it still has to be. */
  hasGivenUp: boolean;
}

export interface Job {
  readonly action: LocalAction;
  readonly epoch: number;
  readonly session: number;
  /** Of the copy, when it began. */
  readonly phase: DiskPhase | undefined;
  readonly startedAt: number;
  readonly restarts: number;
  /** How many versions there were when it began. */
  readonly versions: number;
  /** Of the folder, when it began. */
  readonly type: FolderType | undefined;
}

/** What a call asks for, and until when. */
export interface Asking {
  readonly since: string;
  readonly until: number;
}

/** The memory of the `node` process; gone with it. */
export interface Driver {
  order: SyncthingReplica | undefined;
  self: SyncthingNode | undefined;
  knowsOrders: boolean;
  readonly record: VolumeRecord;
  wanted: Asking | undefined;
  wantedToRead: Asking | undefined;
  report: { readonly replica: SyncthingReplica; readonly status: SyncthingReplicaStatus } | undefined;
  job: Job | undefined;
  round: { readonly helper: HelperName; readonly view: NodeView } | undefined;
  fenced: readonly string[];
  tombstonesDone: readonly string[];
}

/** A pod's bind mount of `data/`, and what its files have to be as long as nobody else writes them. */
export interface PodMount {
  readonly epoch: number;
  readonly expected: Map<string, number>;
  /** Mounted read-only, under the right to read given then. */
  readonly reading?: string;
  /** Under the right to write beside others given then. */
  readonly sharing?: string;
}

export interface Pod {
  phase: 'starting' | 'running' | 'ending';
  /** Force-deleted pods are out of the API while their containers live. */
  isInApi: boolean;
  mount: PodMount | undefined;
}

export interface ModelNode {
  readonly name: string;
  life: number;
  disk: Disk;
  isOn: boolean;
  readonly daemon: Daemon;
  driver: Driver | undefined;
  hasKubelet: boolean;
  hasApi: boolean;
  /** Indexes come, files do not. */
  isSlow: boolean;
  /** Less space is free than Syncthing wants. */
  isFull: boolean;
  /** The epoch for which `data/` is mounted at the staging path, 0 for readers. */
  staging: number | undefined;
  readonly pods: Map<string, Pod>;
  /** What the last pod of a session left behind; unknown after a power cut or with a database lost. */
  left: PodMount | undefined;
}

export function newDriver(): Driver {
  return {
    order: undefined,
    self: undefined,
    knowsOrders: false,
    record: { stagingPaths: new Set(), removed: false },
    wanted: undefined,
    wantedToRead: undefined,
    report: undefined,
    job: undefined,
    round: undefined,
    fenced: [],
    tombstonesDone: [],
  };
}

export function newNode(name: string): ModelNode {
  return {
    name,
    life: 1,
    disk: newDisk(name, 1),
    isOn: true,
    daemon: { isOn: true, isScanned: true, hasToScan: false, restarts: 0, hasGivenUp: false },
    driver: newDriver(),
    hasKubelet: true,
    hasApi: true,
    isSlow: false,
    isFull: false,
    staging: undefined,
    pods: new Map(),
    left: undefined,
  };
}

/** src/node/keep-pods-out.ts: a pass of the deleter runs that may take the copy away. */
export function isGoing({ driver }: ModelNode): boolean {
  const round = driver?.round;
  if (round?.helper !== 'deleter') return false;
  const { replicas, confirmedTombstones } = round.view;
  return confirmedTombstones.length > 0 || replicas.some(({ removalConfirmed }) => removalConfirmed);
}

export function podMounts(node: ModelNode): readonly string[] {
  return [...node.pods].flatMap(([name, pod]) => (pod.mount === undefined ? [] : [name]));
}
