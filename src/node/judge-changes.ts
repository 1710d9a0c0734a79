/** What Syncthing takes for changed on a receiver, each item by what is to become of it (handoff rules 8, 24 and 42). */
import { underRepair } from '../desired/plan-scrub.ts';
import type { FileEntry } from '../syncthing/client.ts';
import type { NodeContext } from './context.ts';

/** More than any folder has directories: the list is of one page. */
const ALL = 1_000_000;

export type Verdict =
  /** Another copy has it as it should be: reverting sets at most its mode and owner. */
  | 'revert'
  /** No copy has a version of it that counts: each took it for changed. Reverting would delete it where it is empty. */
  | 'announce'
  /** A file of the only holder, whose disk is the truth: announced once it is sure that it is. */
  | 'tell'
  /** A file that a scrub found rotten and touched, and that another copy which is connected has as it was proven. */
  | 'repair'
  /** A file, a deletion: somebody's work behind Syncthing's back. */
  | 'keep';

export interface JudgeOptions {
  readonly folderId: string;
  /** What a scrub marked may be taken back. */
  readonly mayRepair: boolean;
  /** This is the only holder: its files are announced as they are. */
  readonly isTruth: boolean;
  /** Every copy that shares the volume is connected: what none of them has, nobody has. */
  readonly seesAll: boolean;
}

export type Judged = Readonly<Record<Verdict, readonly string[]>>;

/** Paths in Syncthing's root. */
export async function judgeChanges(
  { syncthing, scrubs }: Pick<NodeContext, 'syncthing' | 'scrubs'>,
  options: JudgeOptions,
  signal: AbortSignal,
): Promise<Judged> {
  const { folderId } = options;
  const marked = new Set(underRepair(await scrubs.read(folderId)));
  const found: Record<Verdict, string[]> = { revert: [], announce: [], tell: [], repair: [], keep: [] };
  for (const name of await syncthing.localChanged(folderId, { signal, perPage: ALL })) {
    const entry = (await syncthing.file(folderId, name, { signal })) ?? { availability: [] };
    const isMarked = marked.has(name);
    found[isMarked ? verdictOnMarked(entry, options) : verdictOn(entry, options.isTruth)].push(name);
  }
  return found;
}

/** A revert is of the whole folder, and so is an announcement: what else is changed must not go the way of a repair. */
export function besidesRepairs({ keep, tell, announce }: Judged): readonly string[] {
  return [...keep, ...tell, ...announce];
}

function verdictOn(entry: FileEntry, isTruth: boolean): Verdict {
  const { local } = entry;
  if (local === undefined || local.deleted) return 'keep';
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
function isElsewhere({ global, availability }: FileEntry): boolean {
  return global !== undefined && !global.deleted && !global.invalid && availability.length > 0;
}
