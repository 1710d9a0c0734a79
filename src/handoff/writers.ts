/** Who writes a volume with `access: eventual`, as the controller decides it (handoff rule 37). */
import type { SyncthingNode } from '../desired/node.ts';
import type { SyncthingReplica, SyncthingReplicaStatus } from '../desired/replica.ts';
import type { Writer } from '../desired/volume.ts';
import { isLost } from './lost-writer.ts';
import { currentRights, hasRight, lostRights, nextRight, withRights, type RightReport } from './rights.ts';
import { hasCurrentStore, isAlive, type VolumeView } from './view.ts';

function reportOf({ writer }: SyncthingReplicaStatus): RightReport | undefined {
  if (writer?.right === undefined) return undefined;
  return { since: writer.right, hasEnded: writer.phase === 'released' || writer.phase === 'untouched' };
}

/** Writers whose nodes are lost: nobody waits for them, and what they wrote merges when they return. */
export function lostWriters(view: VolumeView): readonly Writer[] {
  return lostRights(view, view.volume.status.writers, reportOf);
}

/** A session that has not ended is one, whatever the status says: its node was lost for a while, or the API restored. */
function ownWriter(view: VolumeView, replica: SyncthingReplica): Writer | undefined {
  const { spec, status } = replica;
  const report = status === undefined ? undefined : reportOf(status);
  if (status === undefined || report === undefined || report.hasEnded) return undefined;
  const isOver = spec.removal !== undefined || status.removed || !hasCurrentStore(view, replica);
  if (isOver || !isAlive(view, spec.node) || isLost(view, spec.node)) return undefined;
  return { node: spec.node, storeId: status.storeId, since: report.since };
}

function isSame(one: Writer, other: Writer): boolean {
  return one.node === other.node && one.storeId === other.storeId && one.since === other.since;
}

/** Those that may still have the volume mounted, or have to end what they wrote. */
export function currentWriters(view: VolumeView): readonly Writer[] {
  const { writers } = view.volume.status;
  const lost = lostWriters(view);
  const left = currentRights(view, writers, reportOf);
  const own = [...view.replicas.values()]
    .flatMap((replica) => ownWriter(view, replica) ?? [])
    .filter((writer) => !lost.some((other) => other.node === writer.node))
    .filter((writer) => !left.some((other) => isSame(other, writer) || isLater(other, writer)));
  return own.length === 0 ? left : withRights(left, own);
}

/** The node was given another right since it reported. */
function isLater(right: Writer, than: Writer): boolean {
  return right.node === than.node && Date.parse(right.since) > Date.parse(than.since);
}

export function isWriter({ volume }: Pick<VolumeView, 'volume'>, node: string): boolean {
  return volume.status.writers.some((writer) => writer.node === node);
}

/** The node writes the volume already, with the disk that it has now. */
export function writesAlready({ volume }: Pick<VolumeView, 'volume'>, node: SyncthingNode): boolean {
  return hasRight(volume.status.writers, node);
}

export function nextWriter(view: VolumeView, node: SyncthingNode): Writer {
  return nextRight(view, node, view.replicas.get(node.name)?.status?.writer?.right);
}
