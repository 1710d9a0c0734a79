/** The next status of a volume from the reports: proof, ends of grants and readers, failover, holders, leaving. */
import { isTakingBack } from '../handoff/copy.ts';
import { decideFailover, type FailoverDecision } from '../handoff/failover.ts';
import { grantEnd, joinProof } from '../handoff/flush.ts';
import { currentBase, strikeWitnesses } from '../handoff/holders.ts';
import { currentPublished } from '../handoff/published.ts';
import { currentReaders } from '../handoff/readers.ts';
import { hearingLeftMs, leftBehind } from '../handoff/survivors.ts';
import { currentWriters } from '../handoff/writers.ts';
import { rejoinsOf, type VolumeView } from '../handoff/view.ts';
import { mayStillLeave } from './leaving.ts';
import { nextToLeave } from './members.ts';
import type { Member } from './peers.ts';
import { sharedThrough, withConflicts, withWriters } from './shared-status.ts';
import type { SyncthingReplica } from './replica.ts';
import type { Base, SyncthingVolumeStatus } from './volume.ts';

export function withStatus(view: VolumeView, status: SyncthingVolumeStatus): VolumeView {
  return { ...view, volume: { ...view.volume, status } };
}

/** The grant is over and with it the proof that belonged to it. */
function withoutGrant(status: SyncthingVolumeStatus): SyncthingVolumeStatus {
  const { grant: _grant, proven: _proven, ...rest } = status;
  return rest;
}

function afterFailover(status: SyncthingVolumeStatus, decision: FailoverDecision): SyncthingVolumeStatus {
  if (decision.kind !== 'fail-over') return status;
  const { epoch, base, stale } = decision;
  return { ...withoutGrant(status), epoch, base, stale };
}

function afterProof(view: VolumeView): SyncthingVolumeStatus {
  const { status } = view.volume;
  const proven = joinProof(view);
  if (proven === undefined || proven === status.proven) return status;
  return { ...status, proven, replicatedThrough: proven.scanStartedAt };
}

function afterGrant(view: VolumeView): SyncthingVolumeStatus {
  const { status } = view.volume;
  const end = grantEnd(view);
  if (end.kind === 'goes-on') return status;
  return end.kind === 'untouched' ? withoutGrant(status) : { ...withoutGrant(status), base: end.base };
}

/** They wrote nothing, so that nothing follows from their end but that a writer may come (handoff rule 36). */
function afterReaders(view: VolumeView): SyncthingVolumeStatus {
  const { status } = view.volume;
  const readers = currentReaders(view);
  return readers === status.readers ? status : { ...status, readers };
}

/** Kubernetes' attach step was switched off. */
function afterPublished(view: VolumeView): SyncthingVolumeStatus {
  const { status } = view.volume;
  const published = currentPublished(view);
  return published === status.published ? status : { ...status, published };
}

/** A copy that finished its rejoin is an ordinary one again, whichever node has its disk (handoff rule 30). */
function afterRejoin(view: VolumeView): SyncthingVolumeStatus {
  const { status } = view.volume;
  const stale = status.stale.filter((copy) => rejoinsOf(view, copy).every(({ step }) => step !== 'done'));
  return stale.length === status.stale.length ? status : { ...status, stale };
}

/** The source of a failover has its files back, and has heard of the others: the base counts from here (handoff rule 28). */
function afterTakingBack(view: VolumeView): SyncthingVolumeStatus {
  const { status } = view.volume;
  const { base } = status;
  const isDone = base.holders.some(({ node, storeId }) => {
    const report = view.replicas.get(node)?.status;
    return report?.storeId === storeId && report.rejoin?.step === 'done' && report.rejoin.epoch >= base.epoch;
  });
  if (!isTakingBack(base) || !isDone || hearingLeftMs(view) !== undefined) return status;
  return { ...status, stale: [...status.stale, ...leftBehind(view)], base: { ...base, session: 1 } };
}

/** What is proven must not rest on a copy that goes: under the same store it may come back empty. */
function strikeProven(status: SyncthingVolumeStatus, node: string): SyncthingVolumeStatus {
  const { proven } = status;
  if (proven === undefined) return status;
  return {
    ...status,
    proven: { ...proven, holders: proven.holders.filter((holder) => holder.node !== node) },
  };
}

function strike(base: Base, node: string): Base {
  const holders = base.holders.filter((holder) => holder.node !== node);
  return holders.length === 0 && base.kind !== 'empty' ? base : { ...base, holders };
}

/**
 * One copy at a time goes, and stops being a holder at once, so that nobody comes to rely on it (rule 31). One that is
 * called back is a receiver like any, and no holder before it is proven anew.
 */
function afterLeaving(view: VolumeView, members: readonly Member[]): SyncthingVolumeStatus {
  const { status } = view.volume;
  const { leaving } = status;
  if (leaving !== undefined && !mayStillLeave(view, members, leaving.node)) {
    const { leaving: _leaving, ...rest } = status;
    return rest;
  }
  const next = nextToLeave(view, members);
  const storeId = next?.replica?.status?.storeId;
  if (next === undefined || storeId === undefined) return status;
  return {
    ...strikeProven(status, next.node),
    leaving: { node: next.node, storeId },
    base: strike(status.base, next.node),
  };
}

/** `spec.deletion` ends flush, grants, reading and writing (handoff rule 32), and no copy is kept for who attached it. */
function afterDeletion(status: SyncthingVolumeStatus): SyncthingVolumeStatus {
  const { leaving: _leaving, ...rest } = withoutGrant(status);
  return withWriters({ ...rest, readers: [], published: [] }, []);
}

/** Of `access: eventual`: nobody's end makes anything but room, and a scan that is held moves no base (rule 37). */
function nextSharedStatus(view: VolumeView, members: readonly Member[]): SyncthingVolumeStatus {
  let now = withStatus(view, sharedThrough(view));
  now = withStatus(now, withWriters(now.volume.status, currentWriters(now)));
  now = withStatus(now, afterReaders(now));
  now = withStatus(now, afterPublished(now));
  now = withStatus(now, withConflicts(now));
  const base = currentBase(now);
  if (base !== now.volume.status.base) now = withStatus(now, { ...now.volume.status, base });
  return afterLeaving(now, members);
}

export interface NextStatus {
  readonly status: SyncthingVolumeStatus;
  readonly failover: FailoverDecision;
  /** Copies for whose sake a holder goes: whether they still are what they say is to be read live (handoff rule 24). */
  readonly witnesses: readonly SyncthingReplica[];
}

/**
 * Every change that the reports call for, in the order in which one builds on another. Giving the next grant is not
 * among them: that needs a live look at the pods first (handoff rule 2).
 */
export function nextStatus(view: VolumeView, members: readonly Member[]): NextStatus {
  if (view.volume.spec.deletion !== undefined) {
    return { status: afterDeletion(view.volume.status), failover: { kind: 'none' }, witnesses: [] };
  }
  if (view.volume.spec.access === 'eventual')
    return { status: nextSharedStatus(view, members), failover: { kind: 'none' }, witnesses: [] };
  // A session that ended is handed off, whatever became of its node since: what was acknowledged is its base's.
  let now = withStatus(view, afterProof(view));
  now = withStatus(now, afterGrant(now));
  const failover = decideFailover(now);
  now = withStatus(now, afterFailover(now.volume.status, failover));
  now = withStatus(now, afterReaders(now));
  now = withStatus(now, afterPublished(now));
  now = withStatus(now, afterRejoin(now));
  now = withStatus(now, afterTakingBack(now));
  const witnesses = strikeWitnesses(now);
  const base = currentBase(now);
  if (base !== now.volume.status.base) now = withStatus(now, { ...now.volume.status, base });
  return { status: afterLeaving(now, members), failover, witnesses };
}
