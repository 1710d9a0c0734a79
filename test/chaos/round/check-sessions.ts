/** Compares what each new session found with what the one before it left. */
import { acknowledgedBetween, epochOf, type StatusSeen } from '../ledger/acknowledged.ts';
import type { Acknowledged } from '../ledger/history.ts';
import { mergeSessions } from '../ledger/merge-sessions.ts';
import type { Session } from '../ledger/session.ts';
import type { Tree } from '../ledger/value.ts';
import { sizeOf, verify } from '../ledger/verify.ts';
import { readSessions } from '../cluster/read-sessions.ts';
import { noteViolation, type RoundRun } from './round-run.ts';
import type { RoundVolume } from './round-volume.ts';

/** Of wrong paths, so many are kept in the report. */
const KEPT = 50;
const NOTHING: Session = { name: 'nothing', node: '', startedAt: 0, tree: new Map(), ops: [] };

/** By epoch first: a container of a lost lineage that is started again comes before those of the one that goes on. */
export function inLineage(sessions: readonly Session[], seen: readonly StatusSeen[]): readonly Session[] {
  const epoch = (session: Session) => epochOf(session, seen) ?? Number.POSITIVE_INFINITY;
  return sessions.toSorted((a, b) => epoch(a) - epoch(b) || a.startedAt - b.startedAt);
}

/** What a session descends from, as far as less than everything of it counts: all of its epoch. */
export function wholeEpoch(
  sessions: readonly Session[],
  last: number,
  seen: readonly StatusSeen[],
): Session | undefined {
  const before = sessions[last];
  if (before === undefined) return undefined;
  const epoch = epochOf(before, seen);
  const [first, ...rest] = sessions.slice(0, last + 1).filter((other) => epochOf(other, seen) === epoch);
  return first === undefined ? undefined : mergeSessions(first, rest);
}

export interface Comparison {
  readonly before: Session;
  readonly acknowledged: Acknowledged;
  readonly isWhole?: boolean;
  readonly found: Tree;
  readonly sessions: readonly Session[];
  readonly where: string;
}

function tellAcknowledged(acknowledged: Acknowledged): string {
  if (acknowledged.kind === 'everything') return 'everything counts';
  if (acknowledged.kind === 'synced')
    return `what was synced before ${new Date(acknowledged.before).toISOString()} counts`;
  return Number.isFinite(acknowledged.at)
    ? `what was synced before ${new Date(acknowledged.at).toISOString()} counts`
    : 'nothing of that epoch counts';
}

/** Notes a violation where the tree is not what it has to be. */
export function compare(run: RoundRun, volume: RoundVolume, comparison: Comparison): boolean {
  const { before, acknowledged, found, where } = comparison;
  const wrong = verify(comparison);
  const { files, bytes } = sizeOf(found);
  run.tally.verifiedFiles += files;
  run.tally.verifiedBytes += bytes;
  if (wrong.length === 0) return true;
  noteViolation(run, {
    kind: 'tree',
    round: run.plan.round,
    volume: volume.claim,
    where: `${where} after ${before.name} on ${before.node}, ${tellAcknowledged(acknowledged)}`,
    count: wrong.length,
    wrong: wrong.slice(0, KEPT),
  });
  return false;
}

function checkOne(run: RoundRun, volume: RoundVolume, sessions: readonly Session[], index: number): void {
  const seen = run.watch.seenOf(volume.volumeId);
  const after = sessions[index];
  if (after === undefined) return;
  const where = `${after.name} on ${after.node}`;
  const before = sessions[index - 1];
  const everything: Acknowledged = { kind: 'everything' };
  run.tally.verifiedTrees += 1;
  if (before === undefined) {
    compare(run, volume, { before: NOTHING, acknowledged: everything, found: after.tree, sessions, where });
    return;
  }
  const verdict = acknowledgedBetween({ before, after, seen, cuts: run.stage.cuts });
  if (verdict.kind === 'unknown') {
    run.tally.errors.push(`${where} of ${volume.claim} could not be checked: ${verdict.reason}`);
    return;
  }
  const { acknowledged } = verdict;
  if (acknowledged.kind === 'through') run.tally.failovers += 1;
  const isWhole = acknowledged.kind === 'everything';
  const whole = isWhole ? before : wholeEpoch(sessions, index - 1, seen);
  compare(run, volume, {
    before: whole ?? before,
    acknowledged,
    isWhole,
    found: after.tree,
    sessions,
    where,
  });
}

/** Checks the sessions that were not checked yet. The one that begins now is among them, its writes are not. */
export async function checkSessions(run: RoundRun, volume: RoundVolume): Promise<void> {
  await run.watch.look().catch(() => undefined);
  const seen = run.watch.seenOf(volume.volumeId);
  const sessions = inLineage(readSessions(run.stage, volume.pods), seen);
  for (const [index, session] of sessions.entries()) {
    if (run.checked.has(session.name)) continue;
    run.checked.add(session.name);
    checkOne(run, volume, sessions, index);
  }
}
