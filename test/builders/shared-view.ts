import type { SyncthingReplicaStatus } from '../../src/desired/replica.ts';
import type { SyncthingVolumeSpec, SyncthingVolumeStatus } from '../../src/desired/volume.ts';
import { replica, sharedBase, view, volume, type ReplicaGiven, type ViewGiven } from './volume-view.ts';

export const ALL = ['n1', 'n2', 'n3'];
export const BASE = sharedBase(['n1', 'n2']);

export interface SharedGiven extends Partial<ViewGiven> {
  readonly spec?: Partial<SyncthingVolumeSpec>;
  readonly status?: Partial<SyncthingVolumeStatus>;
  readonly reports?: Readonly<Record<string, Partial<SyncthingReplicaStatus>>>;
  /** Nodes whose copy is a client's. */
  readonly clients?: readonly string[];
}

/** Held by n1 and n2, all in sync, nobody writes. */
export function sharedView({ spec = {}, status, reports = {}, clients = [], ...given }: SharedGiven = {}) {
  const replicas = ALL.map((name) => {
    const role = clients.includes(name) ? 'client' : 'data';
    const copy: ReplicaGiven = { spec: { role, access: 'eventual' }, status: reports[name] ?? {} };
    return replica(name, ALL, copy);
  });
  const made = volume({ spec: { access: 'eventual', ...spec }, status: { base: BASE, ...status } });
  return view({ volume: made, replicas, ...given });
}
