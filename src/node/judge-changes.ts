/** What Syncthing takes for changed on a receiver, each item by what is to become of it (handoff rules 8, 24 and 42). */
import { underRepair } from '../desired/plan-scrub.ts';
import { isConflictName } from '../desired/shared-status.ts';
import type { FileEntry } from '../syncthing/client.ts';
import { changedNames } from './changed-names.ts';
import type { NodeContext } from './context.ts';

export type Verdict =
  /** Another copy has it as it should be: reverting sets at most its mode and owner. */
  | 'revert'
  /** No copy has a version of it that counts: each took it for changed. Reverting would delete it where it is empty. */
  | 'announce'
  /** A file of the only holder, whose disk is the truth: announced once it is sure that it is. */
  | 'tell'
  /** A file that a scrub found rotten and touched, and that another copy which is connected has as it was proven. */
  | 'repair'
  /** What lost against another node's change, and no other copy may have (handoff rule 37). */
  | 'conflict'
  /** A file, a deletion: somebody's work behind Syncthing's back; or not looked at, since another one decides. */
  | 'keep';

export interface JudgeOptions {
  readonly folderId: string;
  /** What a scrub marked may be taken back. */
  readonly mayRepair: boolean;
  /** This is the only holder: its files are announced as they are. */
  readonly isTruth: boolean;
  /** Every copy that shares the volume is connected: what none of them has, nobody has. */
  readonly seesAll: boolean;
  /** Written on many nodes at once: what loses there stays as a conflict copy. */
  readonly isShared: boolean;
}

/** How many there are, and the first of them by name: they may be more than fit into memory. */
export interface Judgement {
  readonly count: number;
  readonly first?: string;
}

export type Judged = Readonly<Record<Verdict, Judgement>>;

type Parts = Pick<NodeContext, 'syncthing' | 'scrubs' | 'node'>;

const NONE: Judgement = { count: 0 };

/**
 * Of each page what a scrub marked comes first. Very many may be changed, and each is asked for only until it is known
 * what becomes of all, whatever the others are: a revert is of the whole folder.
 */
export async function judgeChanges(
  parts: Parts,
  options: JudgeOptions,
  signal: AbortSignal,
): Promise<Judged> {
  const { folderId } = options;
  const { syncthing } = parts;
  const marked = new Set(underRepair(await parts.scrubs.read(folderId)));
  const found: Record<Verdict, Judgement> = {
    revert: NONE,
    announce: NONE,
    tell: NONE,
    repair: NONE,
    conflict: NONE,
    keep: NONE,
  };
  for await (const names of changedNames(parts, { folderId }, signal)) {
    for (const name of markedFirst(names, marked)) {
      if (isDecided(found)) return found;
      const entry = (await syncthing.file(folderId, name, { signal })) ?? { availability: [] };
      const verdict = marked.has(name) ? verdictOnMarked(entry, options) : verdictOn(name, entry, options);
      const { count, first = name } = found[verdict];
      found[verdict] = { count: count + 1, first };
    }
  }
  return found;
}

function markedFirst(names: readonly string[], marked: ReadonlySet<string>): readonly string[] {
  return [...names.filter((name) => marked.has(name)), ...names.filter((name) => !marked.has(name))];
}

/** Something stays as it is unless all are given up, whatever the others are. */
function isDecided({ keep, repair, tell }: Judged): boolean {
  return keep.count > 0 || (repair.count > 0 && tell.count > 0);
}

/** A revert is of the whole folder, and so is an announcement: what else is changed must not go the way of a repair. */
export function besidesRepairs({ keep, tell, announce, conflict }: Judged): string | undefined {
  return keep.first ?? tell.first ?? announce.first ?? conflict.first;
}

export interface Unrepaired {
  readonly name: string;
  /** Another copy that is connected has it as it was proven. */
  readonly isElsewhere: boolean;
}

/** Of what a scrub marked, what still counts as changed here, or was taken back and did not come again yet. */
export async function unrepaired(
  parts: Parts,
  { folderId, names }: { readonly folderId: string; readonly names: readonly string[] },
  signal: AbortSignal,
): Promise<readonly Unrepaired[]> {
  const changed = await changedAmong(parts, { folderId, names: new Set(names) }, signal);
  const found: Unrepaired[] = [];
  for (const name of names) {
    const entry = await parts.syncthing.file(folderId, name, { signal });
    if (entry?.local === undefined || entry.local.deleted) continue;
    if (changed.has(name) || isNeeded(entry)) found.push({ name, isElsewhere: isElsewhere(entry) });
  }
  return found;
}

async function changedAmong(
  parts: Parts,
  { folderId, names }: { readonly folderId: string; readonly names: ReadonlySet<string> },
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const changed = new Set<string>();
  for await (const page of changedNames(parts, { folderId }, signal)) {
    for (const name of page) if (names.has(name)) changed.add(name);
  }
  return changed;
}

/** Syncthing gives what it takes back no version at all until it has fetched the one that counts. */
function isNeeded({ local, global }: FileEntry): boolean {
  return global !== undefined && local?.version.join() !== global.version.join();
}

function verdictOn(name: string, entry: FileEntry, { isTruth, isShared }: JudgeOptions): Verdict {
  const { local } = entry;
  if (local === undefined || local.deleted) return 'keep';
  if (isShared && !local.isDirectory && isConflictName(name)) return 'conflict';
  if (local.isDirectory && isSharedDirectory(entry)) return verdictOnDirectory(entry);
  return isTruth ? 'tell' : 'keep';
}

function isSharedDirectory({ global }: FileEntry): boolean {
  return global?.isDirectory === true && !global.deleted;
}

function verdictOnDirectory({ global }: FileEntry): Verdict {
  return global?.invalid === true ? 'announce' : 'revert';
}

/** Rot is the truth only where nobody can have the file any more. */
function verdictOnMarked(entry: FileEntry, { mayRepair, isTruth, seesAll }: JudgeOptions): Verdict {
  if (entry.local === undefined || entry.local.deleted) return 'keep';
  if (isElsewhere(entry)) return mayRepair ? 'repair' : 'keep';
  return isTruth && seesAll ? 'tell' : 'keep';
}

/** Syncthing asks those that are connected: somebody has the version that counts, and it is no deletion. */
export function isElsewhere({ global, availability }: FileEntry): boolean {
  return global !== undefined && !global.deleted && !global.invalid && availability.length > 0;
}

/** The version that counts is a deletion: no copy is to have it. */
export function isDeletedElsewhere({ global }: FileEntry): boolean {
  return global !== undefined && global.deleted && !global.invalid;
}
