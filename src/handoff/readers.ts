/** Who may read while nobody writes, as the controller decides it (handoff rule 36). */
import type { SyncthingNode } from '../desired/node.ts';
import type { SyncthingReplicaStatus } from '../desired/replica.ts';
import type { Reader } from '../desired/volume.ts';
import { currentRights, hasRight, lostRights, nextRight, type RightReport } from './rights.ts';
import type { VolumeView } from './view.ts';

function reportOf({ reader }: SyncthingReplicaStatus): RightReport | undefined {
  return reader === undefined ? undefined : { since: reader.since, hasEnded: reader.phase === 'ended' };
}

/** Readers whose nodes are lost: they go without any failover, since they wrote nothing. To be confirmed live. */
export function lostReaders(view: VolumeView): readonly Reader[] {
  return lostRights(view, view.volume.status.readers, reportOf);
}

/** Those that may still have the volume mounted. */
export function currentReaders(view: VolumeView): readonly Reader[] {
  return currentRights(view, view.volume.status.readers, reportOf);
}

export function isReader({ volume }: Pick<VolumeView, 'volume'>, node: string): boolean {
  return volume.status.readers.some((reader) => reader.node === node);
}

/** The node reads the volume already, with the disk that it has now. */
export function readsAlready({ volume }: Pick<VolumeView, 'volume'>, node: SyncthingNode): boolean {
  return hasRight(volume.status.readers, node);
}

export function nextReader(view: VolumeView, node: SyncthingNode): Reader {
  return nextRight(view, node, view.replicas.get(node.name)?.status?.reader?.since);
}
