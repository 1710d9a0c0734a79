/** What the controller reads: copies of the collections that follow the API server. */
import type { ClusterNode, SyncthingNode } from '../desired/node.ts';
import type { SyncthingReplica } from '../desired/replica.ts';
import type { SyncthingVolume } from '../desired/volume.ts';

/** The part of an informer that a decision reads. */
export interface Cache<T> {
  /** Decide nothing before. */
  readonly synced: boolean;
  /** When the API server last said something about this collection, milliseconds since the epoch. */
  readonly contactAt: number | undefined;
  get(name: string): T | undefined;
  items(): readonly T[];
}

export interface Caches {
  readonly volumes: Cache<SyncthingVolume>;
  readonly replicas: Cache<SyncthingReplica>;
  readonly nodes: Cache<SyncthingNode>;
  readonly clusterNodes: Cache<ClusterNode>;
}

/** Why nothing can be decided yet; undefined when all collections are complete. */
export function unsyncedReason(caches: Caches): string | undefined {
  const missing = Object.entries(caches).flatMap(([name, cache]: [string, Cache<unknown>]) =>
    cache.synced ? [] : [name],
  );
  return missing.length === 0 ? undefined : `not yet read from the API server: ${missing.join(', ')}`;
}
