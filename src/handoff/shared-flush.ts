/** From the scan of one writer among several to the end of its session (handoff rule 37). */
import type { SyncthingReplica, SyncthingReplicaStatus } from '../desired/replica.ts';
import { isClean, isIntact, uncleanReason } from './copy.ts';
import {
  holderOf,
  ownCopyDecision,
  scanOf,
  type FlushDecision,
  type Writer,
  type WriterScan,
} from './flush.ts';
import { isProven } from './proof.ts';
import { countsAsCopy, hasCurrentStore, isExpelled, isLeaving, type VolumeView } from './view.ts';

/** It has a session of a right to write beside others, and has not ended it. */
export function isWritingReport(status: SyncthingReplicaStatus | undefined): boolean {
  const writer = status?.writer;
  return writer?.right !== undefined && (writer.phase === 'attached' || writer.phase === 'flushing');
}

function writerOf(view: VolumeView, replica: SyncthingReplica): Writer | undefined {
  const report = replica.status?.writer;
  if (report?.right === undefined || !hasCurrentStore(view, replica)) return undefined;
  // What it says of its scan would make holders of copies that lack something (rule 2).
  if (isExpelled(view, replica.spec.node)) return undefined;
  return { replica, report };
}

/**
 * Nothing came in since the scan, and nothing is to come: what this node's Syncthing would take in now may win over a
 * change of this node, which then stays beside it in a copy that the scan did not see, and that nobody else has.
 */
function isAsScanned({ status }: SyncthingReplica, scan: WriterScan): boolean {
  return isClean(status?.folder) && status?.folder?.sequence === scan.sequence;
}

function unscannedReason({ spec: { node }, status }: SyncthingReplica): string {
  const lacks = uncleanReason(status?.folder);
  const what = lacks === undefined ? '' : ` (${lacks})`;
  return `${node} takes in what others change${what}, and looks at its files again then`;
}

/** Data copies that hold what the scan found. */
function heldBy(view: VolumeView, { replica }: Writer, scan: WriterScan): readonly SyncthingReplica[] {
  return [...view.replicas.values()].filter(
    (copy) => copy.spec.role === 'data' && countsAsCopy(view, copy) && isProven(replica, scan.sequence, copy),
  );
}

/** Data copies that hold what the writer's last scan found. */
export function flushedTo(view: VolumeView, replica: SyncthingReplica): readonly SyncthingReplica[] {
  const writer = writerOf(view, replica);
  const scan = writer === undefined ? undefined : scanOf(writer);
  return writer === undefined || scan === undefined ? [] : heldBy(view, writer, scan);
}

/** Whether a data node holds all that this writer's session left, other nodes' changes or not. */
export function decideSharedFlush(view: VolumeView, replica: SyncthingReplica): FlushDecision {
  const writer = writerOf(view, replica);
  if (writer === undefined || writer.report.phase !== 'flushing') return { kind: 'not-flushing' };
  const { node } = replica.spec;
  const scan = scanOf(writer);
  if (scan === undefined || !scan.afterUnmount)
    return { kind: 'wait', reason: `${node} has not finished its scan after the last unmount` };
  if (!isAsScanned(replica, scan)) return { kind: 'wait', reason: unscannedReason(replica) };
  const { epoch, session, sequence, startedAt } = scan;
  const holders = heldBy(view, writer, scan).map(holderOf);
  const proof = { epoch, session, sequence, scanStartedAt: startedAt, holders };
  return holders.length > 0 ? { kind: 'enough', proof } : ownCopyDecision(view, writer, proof);
}

/** What keeps sessions from ending, of all writers together. */
export function decideSharedFlushes(view: VolumeView): FlushDecision {
  const decisions = [...view.replicas.values()].map((replica) => decideSharedFlush(view, replica));
  const waits = decisions.flatMap((decision) => (decision.kind === 'wait' ? [decision] : []));
  if (waits.length === 0) return decisions.find(({ kind }) => kind === 'enough') ?? { kind: 'not-flushing' };
  const rechecks = waits.flatMap(({ recheckAfterMs }) => recheckAfterMs ?? []);
  return {
    kind: 'wait',
    reason: waits.map(({ reason }) => reason).join('; '),
    ...(rechecks.length > 0 && { recheckAfterMs: Math.min(...rechecks) }),
  };
}

/** The latest scan of this writer that a data node holds, as a moment; undefined where none does. */
export function heldThrough(view: VolumeView, replica: SyncthingReplica): string | undefined {
  if (!isClean(replica.status?.folder) || flushedTo(view, replica).length === 0) return undefined;
  return replica.status?.writer?.scan?.startedAt;
}

/**
 * Data copies that have now what a writer's scan found, the writer's own among them. While the session lasts, since what
 * ended long ago says nothing of a copy that lost its database, or was set back, and counted past that scan since; where
 * no holder is known at all, an end is what there is to go by.
 */
export function flushHolders(view: VolumeView): readonly SyncthingReplica[] {
  const isUnknown = view.volume.status.base.kind === 'empty';
  return [...view.replicas.values()].flatMap((replica) => {
    if (!isUnknown && !isWritingReport(replica.status)) return [];
    const others = isLeaving(view, replica) ? [] : flushedTo(view, replica);
    return hasOwn(view, replica, others.length > 0) ? [replica, ...others] : others;
  });
}

/** The writer's own copy, on a data node: it began with all, and its scan is held elsewhere, or need not be. */
function hasOwn(view: VolumeView, replica: SyncthingReplica, isHeld: boolean): boolean {
  const writer = writerOf(view, replica);
  const scan = writer === undefined ? undefined : scanOf(writer);
  if (writer === undefined || scan === undefined || replica.spec.role !== 'data') return false;
  const { storeId, node, sequence } = { ...holderOf(replica), sequence: scan.sequence };
  if (!countsAsCopy(view, replica) || !isIntact({ node, storeId, sequence }, replica.status)) return false;
  const isOver = writer.report.phase === 'released' || decideSharedFlush(view, replica).kind === 'enough';
  return isHeld || isOver;
}
