/** What the copies know and the volume does not: the API was restored from a backup older than the data (rule 4). */
import type { SyncthingReplica, WriterReport } from '../desired/replica.ts';
import { hasCurrentStore, isAlive, isExpelled, isStale, type VolumeView } from './view.ts';

/** The copy that says so; what an expelled node says of it counts for nothing (rule 2). */
export function divergedReplica(view: VolumeView): SyncthingReplica | undefined {
  return [...view.replicas.values()].find(
    (replica) =>
      !isExpelled(view, replica.spec.node) &&
      (sawLaterEpoch(view, replica) || sawLaterBase(view, replica) || hasForgottenSession(view, replica)),
  );
}

function sawLaterEpoch({ volume }: VolumeView, { status }: SyncthingReplica): boolean {
  return (status?.highestEpoch ?? 0) > volume.status.epoch;
}

/**
 * The volume was at a state that came after the one it is at now, in the very epoch that it knows. While somebody has
 * that epoch it may end once more, with the same proof.
 */
function sawLaterBase({ volume: { status: known } }: VolumeView, { status }: SyncthingReplica): boolean {
  return known.grant === undefined && (status?.highestBase ?? 0) > known.base.epoch;
}

/** A session ends by `released`, by a failover that makes its copy stale, or not at all. */
function hasForgottenSession(view: VolumeView, replica: SyncthingReplica): boolean {
  const { grant } = view.volume.status;
  const writer = replica.status?.writer;
  if (writer === undefined || !isOpen(writer)) return false;
  const isKnown = grant?.node === replica.spec.node && grant.epoch === writer.epoch;
  return !isKnown && isLatestWord(view, replica) && !isStale(view, replica);
}

/** Beside others there is no grant: who writes is known by that very report (rule 37). */
function isOpen({ phase, right }: WriterReport): boolean {
  return right === undefined && (phase === 'attached' || phase === 'flushing');
}

/** The disk answers from another node, which says itself what it has: this is the last that it said in the former one. */
function answersElsewhere(view: VolumeView, replica: SyncthingReplica): boolean {
  if (isAlive(view, replica.spec.node)) return false;
  return [...view.replicas.values()].some(
    (other) =>
      other !== replica &&
      other.status?.folder !== undefined &&
      other.status.storeId === replica.status?.storeId &&
      isAlive(view, other.spec.node) &&
      hasCurrentStore(view, other),
  );
}

/** Of the disk that the node has now, and not from before that went to another node. */
function isLatestWord(view: VolumeView, replica: SyncthingReplica): boolean {
  return hasCurrentStore(view, replica) && !answersElsewhere(view, replica);
}

/** For people: what that copy knows and the volume does not. */
export function divergedReason(view: VolumeView, replica: SyncthingReplica): string {
  const { spec, status } = replica;
  const { epoch, base } = view.volume.status;
  if (sawLaterEpoch(view, replica))
    return `${spec.node} saw epoch ${status?.highestEpoch}, above the volume's ${epoch}`;
  if (sawLaterBase(view, replica))
    return `${spec.node} saw what epoch ${status?.highestBase} left, and the volume is at what epoch ${base.epoch} left`;
  return `${spec.node} has a session of epoch ${status?.writer?.epoch} that the volume knows nothing of`;
}
