/** One volume as the controller sees it, all its parts from synced caches; every decision of the hand-off reads this. */
import type { ClusterNode, SyncthingNode } from '../desired/node.ts';
import type { RejoinReport, SyncthingReplica } from '../desired/replica.ts';
import type { StaleCopy, SyncthingVolume } from '../desired/volume.ts';
import type { HandoffSettings } from './settings.ts';

export interface VolumeView {
  readonly volume: SyncthingVolume;
  /** The replicas of this volume, by node. */
  readonly replicas: ReadonlyMap<string, SyncthingReplica>;
  readonly nodes: ReadonlyMap<string, SyncthingNode>;
  readonly clusterNodes: ReadonlyMap<string, ClusterNode>;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Since when whoever decides has seen nodes at all; milliseconds since the epoch. Absent: for ever. */
  readonly watchingSince?: number;
  readonly settings: HandoffSettings;
}

function isSameMachine({ status: one }: SyncthingNode, { status: other }: SyncthingNode): boolean {
  if (one === undefined || other === undefined) return false;
  const isSameDisk = one.storeId !== '' && one.storeId === other.storeId;
  return isSameDisk || (one.deviceId !== '' && one.deviceId === other.deviceId);
}

/**
 * The node by which a person's word shuts this one out (docs/security.md). The word names a node and means a machine: its
 * disk has its keys and its files, and is the same under any name.
 */
export function expelledAs(nodes: readonly SyncthingNode[], node: string): string | undefined {
  const own = nodes.find(({ name }) => name === node);
  if (own === undefined || own.spec.expelled === true) return own?.name;
  return nodes.find((other) => other.spec.expelled === true && isSameMachine(own, other))?.name;
}

/** What it says does not count, and no copy talks to it. */
export function isExpelled({ nodes }: Pick<VolumeView, 'nodes'>, node: string): boolean {
  return expelledAs([...nodes.values()], node) !== undefined;
}

/** The node answered lately, so that what it reports is about now, and is to be believed. */
export function isAlive(view: Pick<VolumeView, 'nodes' | 'now' | 'settings'>, node: string): boolean {
  if (isExpelled(view, node)) return false;
  const heartbeat = view.nodes.get(node)?.status?.heartbeat;
  return heartbeat !== undefined && view.now - Date.parse(heartbeat) <= view.settings.heartbeatTimeoutMs;
}

/** The replica's report is about the disk that the node has now, not about one it had under the same name. */
export function hasCurrentStore(view: VolumeView, replica: SyncthingReplica): boolean {
  const storeId = view.nodes.get(replica.spec.node)?.status?.storeId;
  return storeId !== undefined && storeId !== '' && replica.status?.storeId === storeId;
}

/** The disk that the node has by its own word, else by the last report of its copy. */
export function storeOn(view: Pick<VolumeView, 'nodes' | 'replicas'>, node: string): string | undefined {
  return view.nodes.get(node)?.status?.storeId ?? view.replicas.get(node)?.status?.storeId;
}

/** By the disk alone: nothing on it says which node it was in, and it may come back under another name. */
export function staleOf(
  { volume }: Pick<VolumeView, 'volume'>,
  storeId: string | undefined,
): StaleCopy | undefined {
  return volume.status.stale.find((copy) => copy.storeId === storeId);
}

/** A copy that may carry a lost lineage's changes and has not rejoined (handoff rule 26). */
export function isStale(view: VolumeView, replica: SyncthingReplica): boolean {
  return staleOf(view, storeOn(view, replica.spec.node)) !== undefined;
}

/** What the disk of a stale copy, on whatever node, reports of that lineage or of a later one (handoff rule 30). */
export function rejoinsOf({ replicas }: VolumeView, stale: StaleCopy): readonly RejoinReport[] {
  return [...replicas.values()].flatMap(({ status }) =>
    status?.storeId === stale.storeId && status.rejoin !== undefined && status.rejoin.epoch >= stale.epoch
      ? [status.rejoin]
      : [],
  );
}

interface Copy {
  readonly node: string;
  readonly storeId: string;
}

/** The node has that copy's disk; one that has not said which it has may have the one that it had. */
export function mayHaveDisk(view: Pick<VolumeView, 'nodes'>, node: string, copy: Copy): boolean {
  const storeId = view.nodes.get(node)?.status?.storeId ?? '';
  return storeId === '' ? node === copy.node : storeId === copy.storeId;
}

/** The disk may be in another drawer by now: what the node has today is another copy. */
export function isStoreGone(view: Pick<VolumeView, 'nodes'>, copy: Copy): boolean {
  return !mayHaveDisk(view, copy.node, copy);
}

export function isLeaving(view: VolumeView, replica: SyncthingReplica): boolean {
  return view.volume.status.leaving?.node === replica.spec.node;
}

/** A copy whose report may count: alive, the same disk, neither stale nor on its way out. */
export function countsAsCopy(view: VolumeView, replica: SyncthingReplica): boolean {
  return (
    isAlive(view, replica.spec.node) &&
    hasCurrentStore(view, replica) &&
    !isStale(view, replica) &&
    !isLeaving(view, replica) &&
    replica.spec.removal === undefined &&
    replica.status?.removed !== true
  );
}
