/** PURE: what a node reports of one copy, from what it sees (handoff rules 20 to 22, and 36). */
import { isDeepStrictEqual } from 'node:util';
import type {
  FolderReport,
  PeerReport,
  SyncthingReplica,
  SyncthingReplicaStatus,
  WriterReport,
} from '../desired/replica.ts';
import { isClean } from '../handoff/copy.ts';
import { archivesFrom, type Archives } from '../handoff/archives.ts';
import { archivesOf, type DiskState } from '../handoff/disk-state.ts';
import { hasEnded, isStillSending } from '../handoff/folder-type.ts';
import { isReading } from '../handoff/reading.ts';
import { isWriting } from '../handoff/writing.ts';
import { currentScan, writerPhase, type LocalView } from '../handoff/local.ts';
import { conflictsOf } from '../desired/shared-status.ts';
import { scrubStatus } from './scrub-status.ts';
import type { VolumeRecord } from './volumes.ts';

export interface ReportInput {
  readonly view: LocalView;
  readonly record: Pick<
    VolumeRecord,
    'applied' | 'removed' | 'problem' | 'phase' | 'uncarried' | 'scrub' | 'conflicts'
  >;
  /** The resource whose status is written. */
  readonly replica: SyncthingReplica;
  /** Syncthing gave no answer: whether it has the folder, and of which type, is not known. */
  readonly isUnseen?: boolean;
}

export function replicaStatus(input: ReportInput): SyncthingReplicaStatus {
  const { view, record, replica } = input;
  const { state } = view;
  const applied = record.applied ?? appliedBefore(state, replica.status);
  const since = record.phase?.since ?? new Date(view.now).toISOString();
  const rejoin = rejoinReport(view);
  const scrubbed = scrubStatus(record.scrub);
  const conflicts = conflictsNow(record.conflicts, replica);
  return {
    storeId: state.storeId,
    ...applied,
    ...highestOf(state),
    ...(view.folder !== undefined && { folder: view.folder }),
    ...useReport(view, writerReport(input, since)),
    ...(rejoin !== undefined && { rejoin }),
    ...(scrubbed !== undefined && { scrubbed }),
    ...(conflicts !== undefined && { conflicts }),
    mounts: isMeant(view) ? [] : view.podMounts,
    removed: record.removed,
    ...(record.problem !== undefined && { message: record.problem }),
    observedAt: new Date(view.now).toISOString(),
  };
}

type Highest = Pick<SyncthingReplicaStatus, 'highestEpoch' | 'highestBase'>;

/** What state.json has of it, or what was reported of it before. */
export function highestOf({ highestEpoch, highestBase }: Highest): Highest {
  return { highestEpoch, ...(highestBase !== undefined && { highestBase }) };
}

function useReport(
  { state: { reading } }: LocalView,
  writer: WriterReport | undefined,
): Pick<SyncthingReplicaStatus, 'writer' | 'reader'> {
  return { ...(writer !== undefined && { writer }), ...(reading !== undefined && { reader: reading }) };
}

/**
 * What stands in Syncthing's configuration outlives this process, and so does what was reported of it; of another disk
 * under the same name nothing holds (docs/handoff.md, "store").
 */
function appliedBefore(
  { storeId }: DiskState,
  before: SyncthingReplicaStatus | undefined,
): { readonly generation: number; readonly epoch: number } {
  if (before === undefined || before.storeId !== storeId) return { generation: 0, epoch: 0 };
  return { generation: before.generation, epoch: before.epoch };
}

/** Until this process has looked, what an earlier one reported. */
function conflictsNow(
  found: VolumeRecord['conflicts'],
  { status, spec }: SyncthingReplica,
): SyncthingReplicaStatus['conflicts'] {
  if (spec.access !== 'eventual') return undefined;
  return found === undefined ? status?.conflicts : conflictsOf([...found]);
}

/** Mounts are worth reporting only where they are in the way: of the attached writer, and a reader, they are meant. */
function isMeant(view: LocalView): boolean {
  return isGrantedWriter(view) || isGivenReader(view) || isSharedWriter(view);
}

function isSharedWriter({ state, order }: LocalView): boolean {
  return isWriting(state) && order?.removal === undefined;
}

function isGrantedWriter({ state, order }: LocalView): boolean {
  return (
    state.phase.kind === 'writer' && order?.grant?.epoch === state.phase.epoch && order.removal === undefined
  );
}

function isGivenReader({ state, order }: LocalView): boolean {
  return isReading(state, order) && order?.removal === undefined;
}

type Session = Pick<WriterReport, 'epoch' | 'session' | 'right'>;

/** What a copy has, or had, as writer; none for a mere copy. */
function sessionOf({ phase, writing }: DiskState): Session | undefined {
  if (writing !== undefined) return { epoch: 0, session: writing.session, right: writing.since };
  if (phase.kind === 'writer' || phase.kind === 'released')
    return { epoch: phase.epoch, session: phase.session };
  return phase.kind === 'untouched' ? { epoch: phase.epoch, session: 0 } : undefined;
}

type Uncarried = NonNullable<VolumeRecord['uncarried']>;

/** What an earlier life of this process found and reported still holds. */
function uncarriedOf(found: Uncarried | undefined, { status }: SyncthingReplica): Uncarried | undefined {
  const before = status?.writer;
  if (found !== undefined || before?.uncarried === undefined) return found;
  return { epoch: before.epoch, paths: before.uncarried };
}

/**
 * An end is told once nothing of it can be announced any more, which nobody knows while Syncthing gives no answer
 * (handoff rule 22); what was told stays so.
 */
function reportedPhase({ view, replica, isUnseen = false }: ReportInput): WriterReport['phase'] | undefined {
  const phase = writerPhase(view);
  if (!hasEnded(view) || isToldBefore(view, phase, replica)) return phase;
  if (!isUnseen && !isStillSending(view)) return phase;
  return phase === 'released' ? 'flushing' : undefined;
}

function isToldBefore(
  { state }: LocalView,
  phase: WriterReport['phase'] | undefined,
  { status }: SyncthingReplica,
): boolean {
  const session = sessionOf(state);
  const told = status?.storeId === state.storeId ? status.writer : undefined;
  return told?.phase === phase && told?.epoch === session?.epoch && told?.session === session?.session;
}

function writerReport(input: ReportInput, since: string): WriterReport | undefined {
  const { view, record, replica } = input;
  const phase = reportedPhase(input);
  const session = sessionOf(view.state);
  if (phase === undefined || session === undefined) return undefined;
  const scan = scanReport(view);
  const isOpen = view.state.phase.kind === 'writer' || isWriting(view.state);
  const switched = isOpen && view.folder?.type === 'sendreceive';
  const paths = pathsOf(session.epoch, uncarriedOf(record.uncarried, replica));
  return {
    ...session,
    phase,
    since,
    switched,
    ...(paths !== undefined && { uncarried: paths }),
    ...(scan !== undefined && { scan }),
  };
}

/** Until the next flush of the same node looks again. */
function pathsOf(epoch: number, uncarried: Uncarried | undefined): readonly string[] | undefined {
  return uncarried?.epoch === epoch && uncarried.paths.length > 0 ? uncarried.paths : undefined;
}

function scanReport(view: LocalView): WriterReport['scan'] | undefined {
  const { phase, writing } = view.state;
  if (writing?.phase === 'ended')
    return writing.scan && { epoch: 0, session: writing.session, ...writing.scan, afterUnmount: true };
  if (phase.kind === 'released') {
    return { epoch: phase.epoch, session: phase.session, ...phase.scan, afterUnmount: true };
  }
  const scan = currentScan(view);
  if (scan === undefined) return undefined;
  const { epoch, session, sequence, startedAt, afterUnmount } = scan;
  const finishedAt = new Date(scan.finishedAt).toISOString();
  return { epoch, session, sequence, startedAt, finishedAt, afterUnmount };
}

function rejoinReport({ state }: LocalView): SyncthingReplicaStatus['rejoin'] | undefined {
  const { phase, rejoined } = state;
  if (phase.kind === 'rejoining') {
    return phase.step === 'archived'
      ? { epoch: phase.epoch, step: 'archived', ...archivesReport(state) }
      : undefined;
  }
  return rejoined === undefined
    ? undefined
    : { epoch: rejoined.epoch, step: 'done', ...archivesReport(state) };
}

function archivesReport(state: DiskState): Partial<Archives> {
  const { archive, ...earlier } = archivesFrom(archivesOf(state));
  return archive === '' ? {} : { archive, ...earlier };
}

/** A phase lasts from when it was first seen, over restarts of this process too. */
export function phaseSince(
  view: LocalView,
  record: Pick<VolumeRecord, 'phase'>,
  replica: SyncthingReplica,
): VolumeRecord['phase'] {
  const phase = writerPhase(view);
  const session = sessionOf(view.state);
  if (phase === undefined || session === undefined) return undefined;
  const key = phaseKey({ ...session, phase });
  if (record.phase?.key === key) return record.phase;
  const before = replica.status?.writer;
  const isSame = before !== undefined && phaseKey(before) === key;
  return { key, since: isSame ? before.since : new Date(view.now).toISOString() };
}

function phaseKey({ epoch, session, phase, right }: Session & Pick<WriterReport, 'phase'>): string {
  return `${right ?? epoch}/${session}/${phase}`;
}

/** Apart from when it was looked. */
export function saysTheSame(one: SyncthingReplicaStatus, other: SyncthingReplicaStatus): boolean {
  return isDeepStrictEqual({ ...one, observedAt: '' }, { ...other, observedAt: '' });
}

export interface LastReport {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly status?: SyncthingReplicaStatus;
}

/** A write of our own comes back by the watch sooner than this. */
const FORGOTTEN_AFTER_MS = 10_000;

/**
 * What this process wrote last, else what an earlier one left behind; of another resource nothing. An API server that
 * was restored from a backup has an older report than the one that was written: that one counts then, so that it is
 * written again.
 */
export function lastReport(
  written: VolumeRecord['written'],
  { uid, status }: SyncthingReplica,
  now: number,
): LastReport {
  const standing = { at: Number.NEGATIVE_INFINITY, ...(status !== undefined && { status }) };
  if (written?.uid !== uid) return standing;
  const isForgotten =
    status?.observedAt !== written.status.observedAt && now - written.at > FORGOTTEN_AFTER_MS;
  return isForgotten ? standing : written;
}

/**
 * Whether a half of a proof is claimed that was not claimed before, so that what it rests on has to be on the disk
 * first (handoff rule 20): files received, files that a peer was seen to have, a scan.
 */
export function claimsMore(
  before: SyncthingReplicaStatus | undefined,
  next: SyncthingReplicaStatus,
): boolean {
  const known = before?.storeId === next.storeId ? before : undefined;
  if (next.writer?.scan !== undefined && !isDeepStrictEqual(known?.writer?.scan, next.writer.scan))
    return true;
  const { folder } = next;
  return folder !== undefined && claimsMoreOf(known?.folder, folder);
}

function claimsMoreOf(known: FolderReport | undefined, folder: FolderReport): boolean {
  return receivedMore(known, folder) || sentMore(known, folder);
}

function peerIn(folder: FolderReport | undefined, deviceId: string): PeerReport | undefined {
  return folder?.peers.find((peer) => peer.deviceId === deviceId);
}

function receivedMore(known: FolderReport | undefined, folder: FolderReport): boolean {
  if (!isClean(folder)) return false;
  return (
    !isClean(known) ||
    folder.peers.some((peer) => peer.knownSequence > (peerIn(known, peer.deviceId)?.knownSequence ?? -1))
  );
}

/** A peer was seen to lack nothing that was not seen so before: what an attach elsewhere may wait for. */
export function claimsPeer(
  before: SyncthingReplicaStatus | undefined,
  next: SyncthingReplicaStatus,
): boolean {
  const known = before?.storeId === next.storeId ? before.folder : undefined;
  return (next.folder?.peers ?? []).some(
    (peer) => peer.remoteNeedEmpty && peerIn(known, peer.deviceId)?.remoteNeedEmpty !== true,
  );
}

function sentMore(known: FolderReport | undefined, folder: FolderReport): boolean {
  const isFurther = folder.sequence > (known?.sequence ?? -1);
  return folder.peers.some(
    (peer) => peer.remoteNeedEmpty && (isFurther || peerIn(known, peer.deviceId)?.remoteNeedEmpty !== true),
  );
}
