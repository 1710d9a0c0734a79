/** PURE: what has to be done to a copy so that it has what its manifest says (handoff rule 40). */
import {
  parentOf,
  PERMISSION_BITS,
  SPECIAL_BITS,
  toMicroseconds,
  type DirectoryEntry,
  type Entry,
  type FifoEntry,
  type FileEntry,
  type Found,
} from './entry.ts';

/** In this order: making names moves the times of their directories. */
export type ApplyStep =
  /** `path` becomes another name of the file at `to`. */
  | { readonly kind: 'link'; readonly path: string; readonly to: string }
  | { readonly kind: 'make-fifo'; readonly entry: FifoEntry }
  | { readonly kind: 'set-mode'; readonly path: string; readonly mode: number }
  | { readonly kind: 'set-mtime'; readonly path: string; readonly mtimeNs: bigint };

export interface ApplyPlan {
  readonly steps: readonly ApplyStep[];
  /** Entries whose path has something else now, which is left as it is. */
  readonly skipped: readonly string[];
}

/** What is at an entry's path; nothing where there is nothing. */
export type Seen = Omit<Found, 'path' | 'links'>;

export function planApply(entries: readonly Entry[], seen: ReadonlyMap<string, Seen>): ApplyPlan {
  const isThere = (entry: Entry): boolean => matches(entry, seen.get(entry.path));
  const present = entries.filter(isThere);
  const names = [...linkSteps(present, seen), ...fifoSteps(present, seen)];
  const touched = new Set(names.map((step) => parentOf(step.kind === 'link' ? step.path : step.entry.path)));
  return {
    steps: [...names, ...modeSteps(present, seen), ...timeSteps(present, seen, touched)],
    skipped: entries.filter((entry) => !isThere(entry)).map(({ path }) => path),
  };
}

/** A FIFO is made where nothing is. A file is the one of the manifest if all that Syncthing carries of it is the same. */
function matches(entry: Entry, seen: Seen | undefined): boolean {
  if (entry.kind === 'fifo') return seen === undefined || seen.type === 'fifo';
  if (seen?.type !== entry.kind) return false;
  if (entry.kind !== 'file') return true;
  return (
    seen.size === entry.size &&
    seen.mtimeNs === entry.mtimeNs &&
    seen.uid === entry.uid &&
    seen.gid === entry.gid &&
    (seen.mode & PERMISSION_BITS) === (entry.mode & PERMISSION_BITS)
  );
}

function filesOf(entries: readonly Entry[]): readonly FileEntry[] {
  return entries.filter((entry) => entry.kind === 'file');
}

/** The first name of each group stays, the others become names of it. */
function leadersOf(entries: readonly Entry[]): ReadonlyMap<number, FileEntry> {
  const leaders = new Map<number, FileEntry>();
  for (const file of filesOf(entries)) {
    if (file.group > 0 && !leaders.has(file.group)) leaders.set(file.group, file);
  }
  return leaders;
}

type NameStep = Extract<ApplyStep, { kind: 'link' | 'make-fifo' }>;

function linkSteps(entries: readonly Entry[], seen: ReadonlyMap<string, Seen>): readonly NameStep[] {
  const leaders = leadersOf(entries);
  return filesOf(entries).flatMap(({ path, group }): readonly NameStep[] => {
    const leader = leaders.get(group);
    if (leader === undefined || seen.get(path)?.inode === seen.get(leader.path)?.inode) return [];
    return [{ kind: 'link', path, to: leader.path }];
  });
}

/** Also one that was made and, when it broke off, not given its owner. */
function fifoSteps(entries: readonly Entry[], seen: ReadonlyMap<string, Seen>): readonly NameStep[] {
  return entries.flatMap((entry): readonly NameStep[] => {
    if (entry.kind !== 'fifo') return [];
    const now = seen.get(entry.path);
    const isRight = now?.mode === entry.mode && now.uid === entry.uid && now.gid === entry.gid;
    return isRight ? [] : [{ kind: 'make-fifo', entry }];
  });
}

function modeSteps(entries: readonly Entry[], seen: ReadonlyMap<string, Seen>): readonly ApplyStep[] {
  const leaders = leadersOf(entries);
  return entries.flatMap((entry): readonly ApplyStep[] => {
    const now = seen.get(entry.path)?.mode ?? 0;
    const mode = modeOf(entry, now);
    const isName = entry.kind === 'file' && entry.group > 0 && leaders.get(entry.group) !== entry;
    return mode === now || isName ? [] : [{ kind: 'set-mode', path: entry.path, mode }];
  });
}

/** Directories get exactly the bits of the manifest: Syncthing leaves those alone that a directory has. */
function modeOf(entry: Entry, now: number): number {
  if (entry.kind === 'directory') return (now & PERMISSION_BITS) | (entry.special & SPECIAL_BITS);
  return entry.kind === 'file' ? entry.mode : now;
}

function timeSteps(
  entries: readonly Entry[],
  seen: ReadonlyMap<string, Seen>,
  touched: ReadonlySet<string>,
): readonly ApplyStep[] {
  return entries.flatMap((entry): readonly ApplyStep[] => {
    const { path } = entry;
    const mtimeNs = timeOf(entry);
    if (mtimeNs === undefined) return [];
    const isRight = toMicroseconds(seen.get(path)?.mtimeNs ?? 0n) === mtimeNs && !touched.has(path);
    return isRight ? [] : [{ kind: 'set-mtime', path, mtimeNs }];
  });
}

function timeOf(entry: Entry): DirectoryEntry['mtimeNs'] {
  return entry.kind === 'directory' || entry.kind === 'link' ? entry.mtimeNs : undefined;
}
