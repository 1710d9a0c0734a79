/**
 * What one node does for one of its copies, from what it sees now: the same answer after any crash, since nothing but
 * state.json, the mounts, Syncthing and the controller's order is read (handoff rules 5, 11, 12, 18, 19, 22, 29, 30,
 * 36 and 37).
 */
import type { FolderReport, SyncthingReplicaSpec, WriterReport } from '../desired/replica.ts';
import type { Holder } from '../desired/volume.ts';
import { knowsEpoch, type DiskScan, type DiskState, type EpochSeen } from './disk-state.ts';
import { countsOn, isClean, isTakingBack } from './copy.ts';
import { folderTypeOf, mayAnnounce } from './folder-type.ts';
import { hasOtherSource, knowsHolder, seesAll } from './other-source.ts';
import { unusedReading } from './reading.ts';
import type { BaseName } from './session.ts';
import { provenState, type ProvenState } from './taken-back.ts';
import { untakenActions } from './taking.ts';
import { isShared, sharedPhase, unusedWriting } from './writing.ts';
import type { HandoffSettings } from './settings.ts';

/** A finished scan of the whole folder, made by this node in this life of its process. */
export interface LocalScan extends DiskScan {
  readonly epoch: number;
  readonly session: number;
  /** Begun when no pod had the volume mounted any more. */
  readonly afterUnmount: boolean;
  /** The folder had writer type before the scan began, and neither errors nor local changes after it (rule 19). */
  readonly proves: boolean;
  /** Milliseconds since the epoch. */
  readonly finishedAt: number;
  readonly durationMs: number;
  /** Syncthing's database as it was known when the scan began. */
  readonly index?: string;
}

export interface LocalView {
  readonly node: string;
  readonly state: DiskState;
  /** The controller's order for this copy; absent while it has none. */
  readonly order?: SyncthingReplicaSpec;
  /** Pods' mounts of `data/` or below, in any process's view; the staging mount is not among them. */
  readonly podMounts: readonly string[];
  readonly stagingMounts: readonly string[];
  readonly folder?: FolderReport;
  readonly scan?: LocalScan;
  /** Syncthing noticed changes since `scan` began, or nobody looked. */
  readonly changedSinceScan: boolean;
  /** The base for which this process removed the older versions. */
  readonly versionsDropped?: BaseName;
  /** A CSI call asks to write this volume, or did a short while ago. */
  readonly isWanted: boolean;
  /** The same of a call that asks to read it beside others. */
  readonly isWantedToRead: boolean;
  /** Staged and not published yet, within the grace time: the pod is on its way. */
  readonly isAwaitingPublish: boolean;
  /** Peers of this receiver are to go, and wait for a scan. */
  readonly isPeerLeaving: boolean;
  readonly now: number;
  readonly settings: HandoffSettings;
}

export type LocalAction =
  | ({ readonly kind: 'see-epoch' } & EpochSeen)
  | { readonly kind: 'scan'; readonly afterUnmount: boolean }
  | { readonly kind: 'release'; readonly scan: DiskScan }
  | { readonly kind: 'decline'; readonly epoch: number }
  /** No pod has the volume mounted under this right to read, or is about to (rule 36). */
  | { readonly kind: 'end-reading'; readonly since: string }
  /** Take the grant in the place of a pod, with the directory that the volume is to begin with (rule 35). */
  | { readonly kind: 'import' }
  /** The right to write beside others was given to a pod that did not come (rule 37). */
  | { readonly kind: 'decline-writing'; readonly since: string }
  | { readonly kind: 'begin-rejoin'; readonly epoch: number }
  | { readonly kind: 'archive-tree' }
  | { readonly kind: 'finish-rejoin' }
  /**
   * Look at what Syncthing takes for changed here, and take back what is no change at all. With `mayRevert` also what
   * is somebody's work, which goes to the archive first (handoff rule 8); with `mayRepair` what a scrub marked and
   * another copy has (rule 42). With `isTruth` what no copy has a version of is announced: the base names nobody else,
   * and Syncthing's database was lost here (rule 16); what a scrub marked only if this copy `seesAll` others.
   */
  | {
      readonly kind: 'absorb';
      readonly mayRevert: boolean;
      readonly mayRepair: boolean;
      readonly isTruth: boolean;
      readonly seesAll: boolean;
    }
  /** Peers go from the list of this receiver next: a scan while it still shares comes before that (rule 7). */
  | { readonly kind: 'scan-shared' }
  /** Syncthing gave the folder up, and looks only at a scan whether the reason has gone; a receiver has none. */
  | { readonly kind: 'recheck'; readonly isUnscanned: boolean }
  /** Scan the folder, which has writer type for the moment, so that its directories count again. */
  | { readonly kind: 'announce' }
  /**
   * The volume goes on from this copy after a failover: what was deleted since the proof comes back, with writer type
   * where that can be, so that it is asked for again once the folder has it (rule 28).
   */
  | { readonly kind: 'take-back'; readonly epoch: number; readonly proven: ProvenState }
  /** What this copy kept until that base was proven may go (handoff rule 17). */
  | { readonly kind: 'drop-versions'; readonly base: BaseName }
  /** Somebody writes, or the copy goes: there is nothing to announce any more. */
  | { readonly kind: 'stop-announcing' };

/** The phase of a writer: flushing is a state of the node, whatever the kubelet calls or forgets to call (rule 18). */
export function writerPhase(view: LocalView): WriterReport['phase'] | undefined {
  const { phase, writing } = view.state;
  if (writing !== undefined) return sharedPhase(view.state, isUsedToWrite(view));
  if (phase.kind === 'released' || phase.kind === 'untouched') return phase.kind;
  if (phase.kind !== 'writer') return undefined;
  return view.podMounts.length > 0 || view.isAwaitingPublish ? 'attached' : 'flushing';
}

/** Between the switch of its folder and the mount there is no pod yet, and a call that waits for the one (rule 37). */
function isUsedToWrite({ podMounts, isAwaitingPublish, isWanted }: LocalView): boolean {
  return podMounts.length > 0 || isAwaitingPublish || isWanted;
}

/** The session that this copy writes in: of its epoch, or, with 0 for it, of its rights to write beside others. */
export function sessionOf({ phase, writing }: DiskState): BaseName | undefined {
  if (writing?.phase === 'writing') return { epoch: 0, session: writing.session };
  return phase.kind === 'writer' ? { epoch: phase.epoch, session: phase.session } : undefined;
}

/**
 * The scan of this session that can prove something. A sequence that fell since then, or another database, is one that
 * was lost or rolled back: all is proven anew (rule 16). So it is where another copy turns out to have something
 * otherwise, which the next scan overrides (rule 15); beside other writers there is always something to come.
 */
export function currentScan(view: LocalView): LocalScan | undefined {
  const { scan, state, folder } = view;
  const now = sessionOf(state);
  if (scan?.proves !== true || now === undefined || isOtherwiseElsewhere(view)) return undefined;
  const isOfNow = scan.epoch === now.epoch && scan.session === now.session;
  return isOfNow && countsOn(scan, folder ?? scan) ? scan : undefined;
}

function isOtherwiseElsewhere({ order, folder }: LocalView): boolean {
  return !isShared(order) && folder !== undefined && folder.needItems > 0;
}

/** Whether the folder can be scanned to some effect: it has writer type and nothing of its own in error. */
function canScan(view: LocalView): boolean {
  return (
    view.folder?.type === 'sendreceive' &&
    view.folder.state !== 'not-running' &&
    view.folder.state !== 'error'
  );
}

function flushActions(view: LocalView): readonly LocalAction[] {
  const scan = currentScan(view);
  if (scan === undefined || !scan.afterUnmount)
    return canScan(view) ? [{ kind: 'scan', afterUnmount: true }] : [];
  if (isOvertaken(view, scan)) return mayScanAgain(view, scan) ? [{ kind: 'scan', afterUnmount: true }] : [];
  return isConfirmed(view, scan)
    ? [{ kind: 'release', scan: { sequence: scan.sequence, startedAt: scan.startedAt } }]
    : [];
}

/** The controller's word that enough copies hold this very scan. */
function isConfirmed({ order }: LocalView, { epoch, session, sequence }: LocalScan): boolean {
  const proven = order?.proven;
  return proven?.epoch === epoch && proven.session === session && proven.sequence === sequence;
}

/**
 * Beside other writers, something came in since the scan, or is to come. What loses against that here stays in a copy
 * that nobody else has, which only another scan finds (rule 37).
 */
function isOvertaken({ order, folder }: LocalView, scan: LocalScan): boolean {
  return isShared(order) && (!isClean(folder) || folder.sequence !== scan.sequence);
}

/**
 * Once all has come in; now and then also before that, since what is to come may wait for what only a scan finds: a
 * directory that is to go, with a conflict copy in it.
 */
function mayScanAgain(view: LocalView, scan: LocalScan): boolean {
  const soon = scan.finishedAt + Math.max(1_000, scan.durationMs);
  return canScan(view) && view.now >= (isSettled(view.folder) ? soon : nextScanAt(scan, view.settings));
}

/** A busy volume is scanned no more often than a tenth of the time goes into it. */
export function nextScanAt(scan: LocalScan, settings: HandoffSettings): number {
  return scan.finishedAt + Math.max(settings.scanIntervalMs, 10 * scan.durationMs);
}

function attachedActions(view: LocalView): readonly LocalAction[] {
  if (!canScan(view)) return [];
  const scan = currentScan(view);
  if (scan === undefined) return [{ kind: 'scan', afterUnmount: false }];
  const isDue = view.changedSinceScan && view.now >= nextScanAt(scan, view.settings);
  return isDue ? [{ kind: 'scan', afterUnmount: false }] : [];
}

/**
 * In sync with the lineage that it rejoins: what is left to do is to look at what differs. Without a holder's index
 * nothing is needed either, and a revert would take away every file as a local addition.
 */
function hasCaughtUp(view: LocalView): boolean {
  const { folder, order } = view;
  return isSettled(folder) && order !== undefined && knowsHolder(order, folder);
}

/** Nothing of a stale copy may be mounted while its tree is moved away (rule 29). */
function rejoinActions(view: LocalView, epoch: number): readonly LocalAction[] {
  const { phase } = view.state;
  const isMounted = view.podMounts.length > 0 || view.stagingMounts.length > 0;
  if (phase.kind !== 'rejoining' || phase.epoch < epoch)
    return isMounted ? [] : [{ kind: 'begin-rejoin', epoch }];
  if (phase.step === 'archived') return hasCaughtUp(view) ? [{ kind: 'finish-rejoin' }] : [];
  return isMounted || view.folder !== undefined ? [] : [{ kind: 'archive-tree' }];
}

/**
 * Syncthing before 2.1 takes a directory for changed when its ctime moved, as it does whenever something is put into
 * it, and a `receiveonly` copy with changes proves nothing.
 */
function receiverActions(view: LocalView): readonly LocalAction[] {
  const { folder, state, order } = view;
  if (state.announcing === true)
    return announceActions(view, order !== undefined && mayAnnounce(state, order));
  if (folder === undefined || folder.type !== 'receiveonly' || folder.receiveOnlyItems === 0) return [];
  return folder.state === 'idle' && folder.scanned ? [absorption(view)] : [];
}

function absorption(view: LocalView): LocalAction {
  const { order, folder } = view;
  const mayRepair = isUndisturbed(view);
  const mayRevert = mayRepair && order?.mayRevert === true && hasOtherSource(order, folder);
  const isAllSeen = order !== undefined && seesAll(order, folder);
  return { kind: 'absorb', mayRevert, mayRepair, isTruth: isOnlyHolder(view), seesAll: isAllSeen };
}

/** The copy is a holder of the base as it was proven, and nobody writes or takes it away. */
function holdsBase(view: LocalView): boolean {
  const { state, order, folder } = view;
  if (order === undefined || !mayAnnounce(state, order) || state.announcing === true) return false;
  const own = ownHolder(view);
  return own !== undefined && isClean(folder) && countsOn(own, folder);
}

function ownHolder({ state, order }: LocalView): Holder | undefined {
  return order?.base.holders.find(({ node, storeId }) => node === order.node && storeId === state.storeId);
}

/**
 * The items of the lost writer have to be gone from what this copy needs before its own files are looked at. Nothing is
 * done while writer type is on its way: an `announce` would end it before the files are back. Undefined where there is
 * nothing to take back, or not yet.
 */
function takeBackActions(view: LocalView): readonly LocalAction[] | undefined {
  const { state, order, folder } = view;
  const action = takeBackAction(view);
  if (order === undefined || action === undefined) return undefined;
  if (isSettled(folder) && folder.type === folderTypeOf(state, order)) return [action];
  return state.announcing === true && !isLacking(folder) ? [] : undefined;
}

function takeBackAction(view: LocalView): LocalAction | undefined {
  const { state, order } = view;
  const own = ownHolder(view);
  if (order === undefined || own === undefined || !isTakingBack(order.base)) return undefined;
  const { epoch } = order.base;
  const isDone = (state.rejoined?.epoch ?? 0) >= epoch;
  if (isDone || !mayAnnounce(state, order)) return undefined;
  return { kind: 'take-back', epoch, proven: provenState(order.base, own) };
}

/** What it lacks may come only once others know what it has. */
function isLacking(folder: FolderReport | undefined): boolean {
  return folder?.scanned === true && folder.needItems > 0;
}

function isSettled(folder: FolderReport | undefined): folder is FolderReport {
  return folder?.scanned === true && folder.state === 'idle' && folder.needItems === 0;
}

/**
 * Nothing of a volume is unproven when it was handed off; of two copies at least, since an only one whose database is
 * lost may be overwritten by older ones. After a failover the versions stay for one more session: what
 * the lost writer renamed may be there under neither name (rule 28).
 */
function versionActions(view: LocalView): readonly LocalAction[] {
  const base = view.order?.base;
  if (base?.kind !== 'handoff' || base.holders.length < 2 || !holdsBase(view)) return [];
  const { epoch, session } = base;
  const dropped = view.versionsDropped;
  const isDone = dropped?.epoch === epoch && dropped.session === session;
  return isDone ? [] : [{ kind: 'drop-versions', base: { epoch, session } }];
}

/** Not under a pod's feet, nor where the copy goes anyway. */
function isUndisturbed({ order, podMounts }: LocalView): boolean {
  return order !== undefined && order.removal === undefined && podMounts.length === 0;
}

function isOnlyHolder(view: LocalView): boolean {
  const { state, order } = view;
  if (order === undefined || !mayAnnounce(state, order)) return false;
  // Where nobody has left anything yet, what is on a disk is nobody else's (rule 37).
  if (isShared(order) && order.base.kind === 'empty') return true;
  return order.base.holders.length === 1 && ownHolder(view) !== undefined;
}

function announceActions(view: LocalView, isAllowed: boolean): readonly LocalAction[] {
  if (!isAllowed) return [{ kind: 'stop-announcing' }];
  return canScan(view) ? [{ kind: 'announce' }] : [];
}

/**
 * A copy that archived its tree for one lineage and is then ordered to rejoin a later one may have taken in changes of
 * the first meanwhile: it begins again. While it still moves its tree, it ends that first.
 */
function rejoinEpoch(view: LocalView): number | undefined {
  const { phase, rejoined } = view.state;
  const ordered = view.order?.rejoin?.epoch;
  if (phase.kind === 'rejoining')
    return phase.step === 'archived' ? Math.max(phase.epoch, ordered ?? 0) : phase.epoch;
  return ordered !== undefined && ordered > (rejoined?.epoch ?? 0) ? ordered : undefined;
}

function recheckActions({ folder }: LocalView): readonly LocalAction[] {
  return folder?.state === 'error' ? [{ kind: 'recheck', isUnscanned: !folder.scanned }] : [];
}

/**
 * The next steps, in order. Each is safe to repeat; after carrying them out the caller looks again. Empty: nothing to
 * do but to report.
 */
export function planLocal(view: LocalView): readonly LocalAction[] {
  const own = isShared(view.order) ? sharedActions(view) : phaseActions(view);
  // First, since one thing is done at a time, and what comes after may want to be done again and again.
  const scan: readonly LocalAction[] = view.isPeerLeaving ? [{ kind: 'scan-shared' }] : [];
  return [...scan, ...readingActions(view), ...own, ...recheckActions(view)];
}

function readingActions(view: LocalView): readonly LocalAction[] {
  const { state, order, podMounts, isAwaitingPublish, isWantedToRead } = view;
  const isUsed = podMounts.length > 0 || isAwaitingPublish || isWantedToRead;
  const since = unusedReading({ state, order, isUsed });
  return since === undefined ? [] : [{ kind: 'end-reading', since }];
}

/** No grant, no epoch, no lineage to rejoin: whoever has a session writes, everybody else receives (rule 37). */
function sharedActions(view: LocalView): readonly LocalAction[] {
  const { state, order } = view;
  const unused = unusedWriting({ state, order, isUsed: isUsedToWrite(view) });
  if (unused !== undefined) return [{ kind: 'decline-writing', since: unused }];
  const phase = writerPhase(view);
  if (phase === 'flushing') return flushActions(view);
  return phase === 'attached' ? attachedActions(view) : receiverActions(view);
}

function seeActions({ order, state }: LocalView): readonly LocalAction[] {
  if (order === undefined) return [];
  const seen = { epoch: order.epoch, base: order.base.epoch };
  return knowsEpoch(state, seen) ? [] : [{ kind: 'see-epoch', ...seen }];
}

function phaseActions(view: LocalView): readonly LocalAction[] {
  const rejoin = rejoinEpoch(view);
  if (rejoin !== undefined) return rejoinActions(view, rejoin);
  const first = seeActions(view);
  const ungranted = untakenActions(view);
  if (ungranted.length > 0) return [...first, ...ungranted];
  const phase = writerPhase(view);
  if (phase === 'flushing') return [...first, ...flushActions(view)];
  if (phase === 'attached') return [...first, ...attachedActions(view)];
  const takeBack = takeBackActions(view);
  if (takeBack !== undefined) return [...first, ...takeBack];
  return [...first, ...receiverActions(view), ...versionActions(view)];
}
