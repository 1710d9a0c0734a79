/** PURE: which copy of this node is scrubbed next, and what the next step of a scrub is (docs/handoff.md, "Scrub"). */
import { createHash } from 'node:crypto';
import {
  MAX_FINDINGS,
  type Differing,
  type FinishedScrub,
  type ScrubFinding,
  type ScrubRecord,
  type ScrubReport,
  type ScrubRun,
} from './scrub.ts';

export interface ScrubCandidate {
  readonly folderId: string;
  readonly record: ScrubRecord;
  /** RFC 3339; somebody wants a scrub that was begun after this. */
  readonly requestedAt?: string;
  /** Which part of an interval its first scrub waits longer, in [0, 1): copies that came together go apart by it. */
  readonly spread: number;
}

/** The same for one copy for ever, and any part of an interval for another. */
export function spreadOf(node: string, folderId: string): number {
  const digest = createHash('sha256').update(`${node}/${folderId}`).digest();
  return digest.readUInt32BE(0) / 2 ** 32;
}

/** When it is due, milliseconds since the epoch; infinity for never. */
export function scrubDueAt({ record, requestedAt, spread }: ScrubCandidate, intervalMs: number): number {
  const { run, last, since } = record;
  if (run !== undefined) return Date.parse(run.startedAt);
  const asked = requestedAt === undefined ? Number.NaN : Date.parse(requestedAt);
  const isAnswered = last !== undefined && Date.parse(last.startedAt) >= asked;
  const requested = Number.isNaN(asked) || isAnswered ? Number.POSITIVE_INFINITY : asked;
  const before = last === undefined ? Date.parse(since) + spread * intervalMs : Date.parse(last.finishedAt);
  const regular = intervalMs === 0 ? Number.POSITIVE_INFINITY : before + intervalMs;
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
  | { readonly kind: 'mark'; readonly findings: readonly ScrubFinding[] }
  /** What was fetched again is compared once more. */
  | { readonly kind: 'recheck'; readonly names: readonly string[] }
  | { readonly kind: 'finish' };

/** The writer's own scans are those that prove; a receiver is scanned by nobody else. */
export function nextScrubStep({ run }: ScrubRecord, isWriter: boolean): ScrubStep {
  if (run === undefined) return { kind: 'begin' };
  if (run.rotten.length > 0) return { kind: 'mark', findings: run.rotten };
  if (!run.scanned && !isWriter) return { kind: 'scan' };
  if (!run.walked) return { kind: 'walk' };
  return run.repairing.length > 0 ? { kind: 'recheck', names: namesOf(run.repairing) } : { kind: 'finish' };
}

const NOTHING = { files: 0, bytes: 0, skipped: 0, repaired: 0, differing: 0, names: [] };

export function begun(record: ScrubRecord, now: number): ScrubRecord {
  const startedAt = new Date(now).toISOString();
  return {
    ...record,
    run: { startedAt, scanned: false, walked: false, rotten: [], repairing: [], ...NOTHING },
  };
}

function withRun(record: ScrubRecord, change: Partial<ScrubRun>): ScrubRecord {
  return record.run === undefined ? record : { ...record, run: { ...record.run, ...change } };
}

/** So many names are kept; the rest is a number. */
const MAX_NAMES = 100;

function alsoDiffering({ differing, names }: Differing, more: readonly string[]): Differing {
  return { differing: differing + more.length, names: [...names, ...more].slice(0, MAX_NAMES) };
}

export function scannedCopy(record: ScrubRecord): ScrubRecord {
  return withRun(record, { scanned: true });
}

/** `toRepair` of its findings; the others stay as they are. */
export function walked(
  record: ScrubRecord,
  { cursor, done, files, bytes, skipped, findings }: Omit<ScrubReport, 'matched'>,
  toRepair: readonly ScrubFinding[],
): ScrubRecord {
  const { run } = record;
  if (run === undefined) return record;
  const left = findings.filter((finding) => !toRepair.includes(finding));
  return withRun(record, {
    ...(cursor !== undefined && { cursor }),
    walked: done,
    files: run.files + files,
    bytes: run.bytes + bytes,
    skipped: run.skipped + skipped,
    rotten: [...run.rotten, ...toRepair],
    ...alsoDiffering(run, namesOf(left)),
  });
}

/** Fewer may be most files of a small copy by chance. */
const MANY = 10;

/**
 * Rot comes one file at a time. Where most files of a copy, or very many, seem to have rotted, it is the disk or what
 * we take for a file's digest, and to give them all back would leave no copy of the volume that counts.
 */
export function isBeyondRot(record: ScrubRecord, report: ScrubReport, toRepair: number): boolean {
  const givenBack = toRepair + underRepair(record).length;
  const isMost = toRepair >= MANY && 2 * toRepair > report.files;
  return report.findings.length >= MAX_FINDINGS || givenBack >= MAX_FINDINGS || isMost;
}

/** Nothing of what this pass found is given back, and no further file is looked at. */
export function stopped(record: ScrubRecord, report: ScrubReport): ScrubRecord {
  return withRun(walked(record, report, []), { walked: true, stopped: true });
}

/** `left`: what was to be given back and stays as it is after all. */
export function marked(record: ScrubRecord, left: readonly string[] = []): ScrubRecord {
  const { run } = record;
  if (run === undefined) return record;
  const given = run.rotten.filter(({ name }) => !left.includes(name));
  return withRun(record, {
    rotten: [],
    repairing: [...run.repairing, ...given],
    ...alsoDiffering(run, left),
  });
}

/** What must not be announced from here: it is about to be fetched again, or was touched for that. */
export function underRepair(record: ScrubRecord | undefined): readonly string[] {
  return namesOf([...(record?.run?.rotten ?? []), ...(record?.run?.repairing ?? [])]);
}

export interface Recheck {
  /** The index still says what it said before, and the bytes are that. */
  readonly repaired: readonly string[];
  /** They are not, or this device itself has given the index other bytes. */
  readonly differing: readonly string[];
  /** Not looked at yet. */
  readonly left: readonly ScrubFinding[];
}

/**
 * What became of the files that were given back. One that another device changed since is neither: it is fresh. So is
 * one that could not be compared.
 */
export function recheckOf({ run }: ScrubRecord, report: ScrubReport, ownId: string): Recheck {
  const repairing = run?.repairing ?? [];
  const proven = new Map(repairing.map(({ name, blocksHash }) => [name, blocksHash]));
  const repaired = report.matched.filter(({ name, blocksHash }) => proven.get(name) === blocksHash);
  const own = report.matched.filter((match) => !repaired.includes(match) && match.modifiedBy === ownId);
  const seen = report.done ? repairing.length : repairing.findIndex(({ name }) => name === report.cursor) + 1;
  return {
    repaired: namesOf(repaired),
    differing: namesOf([...report.findings, ...own]),
    left: repairing.slice(seen),
  };
}

export function rechecked(record: ScrubRecord, { repaired, differing, left }: Recheck): ScrubRecord {
  const { run } = record;
  if (run === undefined) return record;
  return withRun(record, {
    repairing: left,
    repaired: run.repaired + repaired.length,
    ...alsoDiffering(run, differing),
  });
}

function namesOf(files: readonly Pick<ScrubFinding, 'name'>[]): readonly string[] {
  return files.map(({ name }) => name);
}

export function finished({ version, since, run, ...rest }: ScrubRecord, now: number): ScrubRecord {
  if (run === undefined) return { version, since, ...rest };
  const { startedAt, files, bytes, skipped, repaired, differing, names } = run;
  const finishedAt = new Date(now).toISOString();
  const last: FinishedScrub = { startedAt, finishedAt, files, bytes, skipped, repaired, differing, names };
  const message = `${differing} files differ: look at the disk`;
  return {
    version,
    since,
    last,
    ...(run.stopped === true && { failing: { since: finishedAt, message } }),
  };
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
