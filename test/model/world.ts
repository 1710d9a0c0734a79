/** Everything there is in one run of the model; plain data that the steps change. */
import type { ClusterNode, SyncthingNode } from '../../src/desired/node.ts';
import type { SyncthingReplica } from '../../src/desired/replica.ts';
import type { SyncthingVolume, SyncthingVolumeStatus } from '../../src/desired/volume.ts';
import { defaultHandoffSettings, type HandoffSettings } from '../../src/handoff/settings.ts';
import type { OrderAction } from '../../src/controller/plan-volume.ts';
import type { VolumeView } from '../../src/handoff/view.ts';
import type { Counts } from './counts.ts';
import { newLedger, type Ledger } from './ledger.ts';
import { newNode, type ModelNode } from './model-node.ts';
import { newSharing, type Sharing } from './sharing-facts.ts';

export const VOLUME = 'v-aaaaaaaaaaaaaaaa';
export const FOLDER = `${VOLUME}-0123456789ab`;
export const LABEL = 'example.com/syncthing-storage';
export const SETTINGS: HandoffSettings = { ...defaultHandoffSettings, scanIntervalMs: 2_000 };
const START = Date.parse('2026-01-02T03:04:05.000Z');

/** What the API server has; objects are never changed in place. */
export interface Objects {
  volume: SyncthingVolume | undefined;
  replicas: ReadonlyMap<string, SyncthingReplica>;
  nodes: ReadonlyMap<string, SyncthingNode>;
  clusterNodes: ReadonlyMap<string, ClusterNode>;
}

/** The leading controller: what its watches brought, and what it is in the middle of. */
export interface Controller {
  readonly cache: Objects;
  status: { readonly view: VolumeView; readonly status: SyncthingVolumeStatus } | undefined;
  orders: readonly OrderAction[];
}

export interface WorldOptions {
  readonly names: readonly string[];
  readonly labelled: readonly string[];
  readonly replicas: number | undefined;
  /** Syncthing before 2.1 compares the ctime of directories. */
  readonly isSyncthing1: boolean;
  /** `access: eventual` (handoff rule 37). */
  readonly isShared?: boolean;
}

export interface World {
  readonly nodes: readonly ModelNode[];
  readonly api: Objects;
  readonly controller: Controller;
  readonly ledger: Ledger;
  /** What is known of a volume that many write. */
  readonly sharing: Sharing;
  readonly counts: Counts;
  readonly isSyncthing1: boolean;
  readonly isShared: boolean;
  readonly labelled: readonly string[];
  /** `a>b`: what a sends does not come to b. */
  readonly cuts: Set<string>;
  /** Up to which sequence a's index was sent to b over the connection that there is. */
  readonly sent: Map<string, number>;
  backup: Objects | undefined;
  isApiUp: boolean;
  now: number;
  steps: number;
  nextNumber: number;
}

const identity = { uid: 'uid-volume', resourceVersion: '1', generation: 1, finalizers: ['model/volume'] };

function newVolume({ replicas, isShared }: WorldOptions): SyncthingVolume {
  return {
    ...identity,
    name: VOLUME,
    volumeId: FOLDER,
    spec: {
      requestName: 'pvc-1',
      capacityBytes: 1 << 30,
      access: isShared === true ? 'eventual' : 'exclusive',
      onDelete: 'delete',
      parameters: {},
      ...(replicas !== undefined && { replicas }),
    },
    status: {
      epoch: 0,
      readers: [],
      published: [],
      writers: [],
      base: { kind: 'empty', epoch: 0, session: 0, holders: [] },
      stale: [],
      conditions: [],
    },
  };
}

export function clusterNode(name: string, given: Partial<ClusterNode> = {}): ClusterNode {
  return { name, uid: `uid-${name}`, ready: true, labels: {}, outOfService: false, ...given };
}

export function newObjects(): Objects {
  return { volume: undefined, replicas: new Map(), nodes: new Map(), clusterNodes: new Map() };
}

export function newWorld(options: WorldOptions, counts: Counts): World {
  const { names, labelled, isSyncthing1, isShared = false } = options;
  const clusterNodes = names.map((name) =>
    clusterNode(name, { labels: labelled.includes(name) ? { [LABEL]: 'yes' } : {} }),
  );
  return {
    nodes: names.map(newNode),
    api: {
      ...newObjects(),
      volume: newVolume(options),
      clusterNodes: new Map(clusterNodes.map((node) => [node.name, node])),
    },
    controller: { cache: newObjects(), status: undefined, orders: [] },
    ledger: newLedger(),
    sharing: newSharing(),
    counts,
    isSyncthing1,
    isShared,
    labelled,
    cuts: new Set(),
    sent: new Map(),
    backup: undefined,
    isApiUp: true,
    now: START,
    steps: 0,
    nextNumber: 1,
  };
}

export function nodeOf(world: World, name: string): ModelNode {
  const node = world.nodes.find((each) => each.name === name);
  if (node === undefined) throw new Error(`no node ${name}`);
  return node;
}

/** A number that was never given out before: an index id, a resource version, the content of a write. */
export function nextNumber(world: World): number {
  world.nextNumber += 1;
  return world.nextNumber;
}

export function timestamp(world: World): string {
  return new Date(world.now).toISOString();
}
