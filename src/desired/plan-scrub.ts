/** PURE: which copy of this node is scrubbed next, and what the next step of a scrub is (docs/handoff.md, "Scrub"). */
import type { FinishedScrub, ScrubFinding, ScrubRecord, ScrubReport, ScrubRun } from './scrub.ts';

export interface ScrubCandidate {
  readonly folderId: string;
  readonly record: ScrubRecord;
  /** RFC 3339; somebody wants a scrub that was begun after this. */
  readonly requestedAt?: string;
}

/** When it is due, milliseconds since the epoch; infinity for never. */
export function scrubDueAt({ record, requestedAt }: ScrubCandidate, intervalMs: number): number {
  if (record.run !== undefined) return Date.parse(record.run.startedAt);
  const asked = requestedAt === undefined ? Number.NaN : Date.parse(requestedAt);
  const isAnswered = record.last !== undefined && Date.parse(record.last.startedAt) >= asked;
  const requested = Number.isNaN(asked) || isAnswered ? Number.POSITIVE_INFINITY : asked;
  const before = record.last?.finishedAt ?? record.since;
  const regular = intervalMs === 0 ? Number.POSITIVE_INFINITY : Date.parse(before) + intervalMs;
  return Math.min(requested, regular);
}

/**
 * Those that are due, in the order in which they are tried: what somebody waits for first, then what was begun, then
 * what has been due longest.
 */
export function dueScrubs(
  candidates: readonly ScrubCandidate[],
  intervalMs: number,
  now: number,
): readonly ScrubCandidate[] {
  function rank(candidate: ScrubCandidate): number {
    if (candidate.requestedAt !== undefined && scrubDueAt(candidate, 0) <= now) return 0;
    return candidate.record.run === undefined ? 2 : 1;
  }
  return candidates
    .filter((candidate) => scrubDueAt(candidate, intervalMs) <= now)
    .toSorted(
      (one, other) => rank(one) - rank(other) || scrubDueAt(one, intervalMs) - scrubDueAt(other, intervalMs),
    );
}

export type ScrubStep =
  | { readonly kind: 'begin' }
  /** Syncthing's own look at sizes and times: what was changed by hand comes to light by that. */
  | { readonly kind: 'scan' }
  | { readonly kind: 'walk' }
  /** Syncthing is told which files it has to fetch again. */
  | { readonly kind: 'mark'; readonly names: readonly string[] }
  /** What was fetched again is compared once more. */
  | { readonly kind: 'recheck'; readonly names: readonly string[] }
  | { readonly kind: 'finish' };

/** The writer's own scans are those that prove; a receiver is scanned by nobody else. */
export function nextScrubStep({ run }: ScrubRecord, isWriter: boolean): ScrubStep {
  if (run === undefined) return { kind: 'begin' };
  if (run.rotten.length > 0) return { kind: 'mark', names: run.rotten };
  if (!run.scanned && !isWriter) return { kind: 'scan' };
  if (!run.walked) return { kind: 'walk' };
  return run.repairing.length > 0 ? { kind: 'recheck', names: run.repairing } : { kind: 'finish' };
}

export function begun(record: ScrubRecord, now: number): ScrubRecord {
  const startedAt = new Date(now).toISOString();
  const nothing = { files: 0, bytes: 0, rotten: [], repairing: [], repaired: 0, differing: [] };
  return { ...record, run: { startedAt, scanned: false, walked: false, ...nothing } };
}

function withRun(record: ScrubRecord, change: Partial<ScrubRun>): ScrubRecord {
  return record.run === undefined ? record : { ...record, run: { ...record.run, ...change } };
}

export function scannedCopy(record: ScrubRecord): ScrubRecord {
  return withRun(record, { scanned: true });
}

/** `toRepair` of its findings; the others stay as they are. */
export function walked(
  record: ScrubRecord,
  { cursor, done, files, bytes, findings }: ScrubReport,
  toRepair: readonly string[],
): ScrubRecord {
  const { run } = record;
  if (run === undefined) return record;
  const left = findings.filter(({ name }) => !toRepair.includes(name));
  return withRun(record, {
    ...(cursor !== undefined && { cursor }),
    walked: done,
    files: run.files + files,
    bytes: run.bytes + bytes,
    rotten: [...run.rotten, ...toRepair],
    differing: [...run.differing, ...namesOf(left)],
  });
}

export function marked(record: ScrubRecord): ScrubRecord {
  const { run } = record;
  if (run === undefined) return record;
  return withRun(record, { rotten: [], repairing: [...run.repairing, ...run.rotten] });
}

/** What must not be announced from here: it is about to be fetched again, or was touched for that. */
export function underRepair(record: ScrubRecord | undefined): readonly string[] {
  return [...(record?.run?.rotten ?? []), ...(record?.run?.repairing ?? [])];
}

/** Of those that were fetched again, what differs still is left; what was not compared changed since, and is fresh. */
export function rechecked(record: ScrubRecord, { files, findings }: ScrubReport): ScrubRecord {
  const { run } = record;
  if (run === undefined) return record;
  return withRun(record, {
    repairing: [],
    repaired: run.repaired + files - findings.length,
    differing: [...run.differing, ...namesOf(findings)],
  });
}

function namesOf(findings: readonly ScrubFinding[]): readonly string[] {
  return findings.map(({ name }) => name);
}

export function finished(record: ScrubRecord, now: number): ScrubRecord {
  const { run, failing: _, ...rest } = record;
  if (run === undefined) return record;
  const { startedAt, files, bytes, repaired, differing } = run;
  const last: FinishedScrub = {
    startedAt,
    finishedAt: new Date(now).toISOString(),
    files,
    bytes,
    repaired,
    differing,
  };
  return { version: rest.version, since: rest.since, last };
}

export function failing(record: ScrubRecord, message: string, now: number): ScrubRecord {
  if (record.failing?.message === message) return record;
  return { ...record, failing: { since: record.failing?.since ?? new Date(now).toISOString(), message } };
}

export function goingOn(record: ScrubRecord): ScrubRecord {
  if (record.failing === undefined) return record;
  const { failing: _, ...rest } = record;
  return rest;
}
