/** Which keys a change concerns. Heartbeats are most of all changes and concern nobody. */
import type { ClusterNode, SyncthingNode } from '../desired/node.ts';
import { isLabelled } from '../desired/placement.ts';
import type { SyncthingReplica } from '../desired/replica.ts';
import type { SyncthingVolume } from '../desired/volume.ts';
import type { Change } from '../kubernetes/informer.ts';
import { isEqual } from './is-equal.ts';

/** `all`: every volume. `of`: the volumes that have a copy on that node, are used by it, or are wanted there. */
export type VolumesConcerned = 'none' | 'all' | { readonly names: readonly string[]; readonly of?: string };

export interface Concerned {
  readonly volumes: VolumesConcerned;
  readonly nodes: boolean;
}

const NOBODY: Concerned = { volumes: 'none', nodes: false };

function beforeOf<T>(change: Change<T>): T | undefined {
  if (change.kind === 'added') return undefined;
  return change.kind === 'changed' ? change.before : change.object;
}

function afterOf<T>(change: Change<T>): T | undefined {
  return change.kind === 'removed' ? undefined : change.object;
}

/** A fence follows the grant and the stale copies. */
export function concernedByVolume(change: Change<SyncthingVolume>): Concerned {
  const before = beforeOf(change)?.status;
  const after = afterOf(change)?.status;
  const isFenceMoved =
    !isEqual(before?.stale ?? [], after?.stale ?? []) || !isEqual(before?.grant, after?.grant);
  return { volumes: { names: [change.object.name] }, nodes: isFenceMoved };
}

/** A fence is taken down when the copies have applied their orders. `isFencing`: the volume has stale copies. */
export function concernedByReplica(change: Change<SyncthingReplica>, isFencing: boolean): Concerned {
  const before = beforeOf(change);
  const after = afterOf(change);
  if (before !== undefined && after !== undefined && isSameReport(before, after)) return NOBODY;
  return { volumes: { names: [change.object.spec.volume] }, nodes: isFencing };
}

function isSameReport(a: SyncthingReplica, b: SyncthingReplica): boolean {
  const reports = [a, b].map(({ spec, status, generation, deletionTimestamp }) => {
    return {
      spec,
      generation,
      deletionTimestamp,
      status: status === undefined ? undefined : { ...status, observedAt: '' },
    };
  });
  return isEqual(reports[0], reports[1]);
}

/** What the orders of all nodes are made of. */
function meshOf(node: SyncthingNode | undefined): unknown {
  const { deviceId, addresses, tombstonesDone } = node?.status ?? {};
  return { deviceId, addresses, tombstonesDone, spec: node?.spec };
}

/** What decides whether copies may be placed on the node. */
function fitnessOf(node: SyncthingNode | undefined): unknown {
  const { deviceId, unfit } = node?.status ?? {};
  return { deviceId, unfit, expelled: node?.spec.expelled };
}

/** What decides whether the copies on the node count. */
function standingOf(node: SyncthingNode | undefined): unknown {
  const { storeId, deviceId, fenced, syncthing } = node?.status ?? {};
  return { storeId, deviceId, fenced, ready: syncthing?.ready };
}

function changedRequests(
  before: SyncthingNode | undefined,
  after: SyncthingNode | undefined,
): readonly string[] {
  const [old, now] = [before, after].map((node) => node?.status?.wanted ?? []);
  const changed = [...(old ?? []), ...(now ?? [])].filter((wanted) => {
    return ![old, now].every((list) => list?.some((other) => isEqual(other, wanted)));
  });
  return [...new Set(changed.map((wanted) => wanted.volume))];
}

export function concernedByNode(change: Change<SyncthingNode>): Concerned {
  const [before, after] = [beforeOf(change), afterOf(change)];
  const nodes = !isEqual(meshOf(before), meshOf(after));
  if (!isEqual(fitnessOf(before), fitnessOf(after))) return { volumes: 'all', nodes };
  const names = changedRequests(before, after);
  const isMoved = !isEqual(standingOf(before), standingOf(after));
  return { volumes: isMoved ? { names, of: change.object.name } : { names }, nodes };
}

export function concernedByClusterNode(change: Change<ClusterNode>, storageLabel: string): Concerned {
  const [before, after] = [beforeOf(change), afterOf(change)];
  const isNewOrGone = change.kind !== 'changed';
  const isRelabelled = isLabelled(before, storageLabel) !== isLabelled(after, storageLabel);
  if (isNewOrGone || isRelabelled) return { volumes: 'all', nodes: true };
  if (before?.outOfService === after?.outOfService) return NOBODY;
  return { volumes: { names: [], of: change.object.name }, nodes: true };
}
