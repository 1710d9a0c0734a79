/** PURE: from what find saw of a writer's tree to its manifest, and to what has to go before others write it. */
import {
  byPath,
  PERMISSION_BITS,
  SPECIAL_BITS,
  toMicroseconds,
  type Entry,
  type FileEntry,
  type Found,
} from './entry.ts';

/**
 * Steps that leave a tree as Syncthing would bring it to another node (handoff rule 39). Each names the inode it is
 * about, so that nothing else that came to have the path is touched.
 */
export type PlainStep = { readonly path: string; readonly inode: string } & (
  | { readonly kind: 'clear-bits'; readonly mode: number }
  /** A name of a file that has others: it gets a copy of its own. */
  | { readonly kind: 'separate'; readonly size: bigint }
  | { readonly kind: 'remove' }
);

export interface PlainPlan {
  /** By path; empty: the tree has nothing that would be lost. */
  readonly entries: readonly Entry[];
  readonly steps: readonly PlainStep[];
  /** Paths that arrive nowhere else and that the manifest has no way of bringing. */
  readonly uncarried: readonly string[];
}

export function planPlain(found: readonly Found[]): PlainPlan {
  const sorted = found.toSorted(byPath);
  const groups = groupsOf(sorted);
  const entries = sorted.flatMap((each) => entryOf(each, groups.get(each.inode)?.number ?? 0));
  return {
    entries: entries.every(isBareRoot) ? [] : entries,
    steps: [
      ...sorted.flatMap(bitsStep),
      ...sorted.flatMap((each) => separateStep(each, groups)),
      ...sorted.flatMap(removeStep),
    ],
    uncarried: sorted.filter(isUncarried).map(({ path }) => path),
  };
}

interface Group {
  readonly number: number;
  readonly first: string;
}

/** Files with several names in the tree; one whose other names are elsewhere (an archive's) is a file like any other. */
function groupsOf(sorted: readonly Found[]): ReadonlyMap<string, Group> {
  const names = Map.groupBy(
    sorted.filter(({ type }) => type === 'file'),
    ({ inode }) => inode,
  );
  const groups = new Map<string, Group>();
  for (const [inode, [first, ...others]] of names) {
    if (first !== undefined && others.length > 0)
      groups.set(inode, { number: groups.size + 1, first: first.path });
  }
  return groups;
}

function entryOf(found: Found, group: number): readonly Entry[] {
  const { path, mode, uid, gid } = found;
  const mtimeNs = toMicroseconds(found.mtimeNs);
  switch (found.type) {
    case 'directory': {
      const special = mode & SPECIAL_BITS;
      return [{ kind: 'directory', path, special, ...(path !== '' && { mtimeNs }) }];
    }
    case 'link':
      return [{ kind: 'link', path, mtimeNs }];
    case 'fifo':
      return [{ kind: 'fifo', path, mode, uid, gid }];
    case 'file':
      return group > 0 || (mode & SPECIAL_BITS) !== 0 ? [fileEntry(found, group)] : [];
    case 'socket':
    case 'device':
      return [];
  }
}

function fileEntry({ path, mode, uid, gid, size, mtimeNs }: Found, group: number): FileEntry {
  return { kind: 'file', path, mode, uid, gid, size, mtimeNs, group };
}

/** Most volumes are flat and have nothing but this: not worth a file. */
function isBareRoot(entry: Entry): boolean {
  return entry.path === '' && entry.kind === 'directory' && entry.special === 0;
}

function bitsStep({ type, path, inode, mode }: Found): readonly PlainStep[] {
  const hasBits = type === 'file' && (mode & SPECIAL_BITS) !== 0;
  return hasBits ? [{ kind: 'clear-bits', path, inode, mode: mode & PERMISSION_BITS }] : [];
}

function separateStep(
  { type, path, inode, size }: Found,
  groups: ReadonlyMap<string, Group>,
): readonly PlainStep[] {
  const group = type === 'file' ? groups.get(inode) : undefined;
  return group === undefined || group.first === path ? [] : [{ kind: 'separate', path, inode, size }];
}

/** A socket is of no use without the process that made it, which is gone. */
function removeStep({ type, path, inode }: Found): readonly PlainStep[] {
  return type === 'fifo' || type === 'socket' ? [{ kind: 'remove', path, inode }] : [];
}

function isUncarried({ type, path }: Found): boolean {
  return type === 'device' || isTemporaryName(path.slice(path.lastIndexOf('/') + 1));
}

/** Syncthing takes these names for its own files in the making; those that end as its own do may be just that. */
function isTemporaryName(name: string): boolean {
  return name.startsWith('~syncthing~') || (name.startsWith('.syncthing.') && !name.endsWith('.tmp'));
}
