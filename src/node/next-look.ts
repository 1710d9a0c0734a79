/** PURE: when a volume is worth another look although nothing was heard of it. */
import { isStillSending } from '../handoff/folder-type.ts';
import { nextScanAt, writerPhase, type LocalView } from '../handoff/local.ts';

export interface LookFacts {
  /** Syncthing answered this time. */
  readonly isSeen: boolean;
  /** When a job may start again; undefined while one runs, whose end is a reason to look by itself. */
  readonly startsIn: number | undefined;
}

/** Something is on its way: events tell of it, and now and then one is lost. */
const SOON_MS = 1_000;
const SETTLED_MS = 30_000;

export function nextLookMs(view: LocalView, { isSeen, startsIn }: LookFacts): number {
  if (!isSeen) return SOON_MS;
  const candidates = [SETTLED_MS];
  if (isUnderWay(view)) candidates.push(SOON_MS);
  if (startsIn !== undefined && startsIn > 0) candidates.push(startsIn);
  if (isScanDue(view)) candidates.push(Math.max(SOON_MS / 10, nextScanTime(view) - view.now));
  return Math.min(...candidates);
}

function isUnderWay(view: LocalView): boolean {
  const { folder, state } = view;
  if (view.isWanted || view.isWantedToRead || view.isAwaitingPublish) return true;
  if (state.phase.kind === 'rejoining') return true;
  if (writerPhase(view) === 'flushing' || isStillSending(view)) return true;
  const isSettled =
    folder !== undefined && folder.scanned && folder.state === 'idle' && folder.needItems === 0;
  return !isSettled;
}

function isScanDue(view: LocalView): boolean {
  return writerPhase(view) === 'attached' && view.scan !== undefined && view.changedSinceScan;
}

function nextScanTime(view: LocalView): number {
  return view.scan === undefined ? view.now : nextScanAt(view.scan, view.settings);
}
