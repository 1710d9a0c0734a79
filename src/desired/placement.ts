/** Which nodes are to keep a copy of a volume: the labelled ones, or as many of them as the volume asks for. */
import { createHash } from 'node:crypto';
import { isExpelled } from '../handoff/view.ts';
import type { ClusterNode, SyncthingNode } from './node.ts';
import type { SyncthingReplica } from './replica.ts';
import type { SyncthingVolume } from './volume.ts';

export interface Cluster {
  readonly nodes: ReadonlyMap<string, SyncthingNode>;
  readonly clusterNodes: ReadonlyMap<string, ClusterNode>;
  /** Key of the label that makes a data node, `<driver name>/syncthing-storage`. */
  readonly storageLabel: string;
}

/** The label's value is `yes`; `true` is what people type who forgot. */
export function isLabelled(node: ClusterNode | undefined, storageLabel: string): boolean {
  const value = node?.labels[storageLabel];
  return value === 'yes' || value === 'true';
}

/** Whether a new copy may be put there, or why not. */
export function unfitReason(cluster: Cluster, node: string): string | undefined {
  const { status } = cluster.nodes.get(node) ?? {};
  if (isExpelled(cluster, node)) return 'it was expelled: docs/security.md';
  if (status === undefined) return 'no driver pod has reported from it yet';
  if (status.deviceId === '') return status.syncthing.message ?? 'its Syncthing is not up';
  return status.unfit;
}

/** Labelled nodes, fit ones first where that matters to the caller. */
export function labelledNodes(cluster: Cluster): readonly string[] {
  return [...cluster.clusterNodes.values()]
    .filter((node) => isLabelled(node, cluster.storageLabel))
    .map((node) => node.name)
    .sort();
}

/** A stable order of nodes that differs from volume to volume, so that N of M copies spread. */
function rank(volume: SyncthingVolume, node: string): string {
  return createHash('sha256').update(`${volume.volumeId} ${node}`).digest('hex');
}

function inRank(volume: SyncthingVolume, nodes: readonly string[]): readonly string[] {
  return nodes.toSorted((a, b) => (rank(volume, a) < rank(volume, b) ? -1 : 1));
}

/** A node whose object is gone keeps its copy until somebody says what became of its disk; an expelled one counts for none. */
function keepsCopy(cluster: Cluster, replica: SyncthingReplica): boolean {
  const { node, role } = replica.spec;
  if (role !== 'data' || isExpelled(cluster, node)) return false;
  return !cluster.clusterNodes.has(node) || isLabelled(cluster.clusterNodes.get(node), cluster.storageLabel);
}

/**
 * The data nodes of a volume. Copies that exist stay where they are while their node keeps its label, also when it is
 * off or full: moving bytes because a node reboots would be worse than waiting for it.
 */
export function placeCopies(
  cluster: Cluster,
  volume: SyncthingVolume,
  replicas: ReadonlyMap<string, SyncthingReplica>,
): ReadonlySet<string> {
  const kept = [...replicas.values()]
    .filter((replica) => replica.spec.removal === undefined && keepsCopy(cluster, replica))
    .map((replica) => replica.spec.node);
  const fit = labelledNodes(cluster).filter(
    (node) => !kept.includes(node) && unfitReason(cluster, node) === undefined,
  );
  const wanted = volume.spec.replicas ?? Number.POSITIVE_INFINITY;
  return new Set([...inRank(volume, kept), ...inRank(volume, fit)].slice(0, wanted));
}
