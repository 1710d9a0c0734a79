/** PURE: from what find saw of a writer's tree to its manifest, and to what has to go before others write it. */
import {
  byPath,
  PERMISSION_BITS,
  SPECIAL_BITS,
  toMicroseconds,
  type Entry,
  type FileEntry,
  type Found,
  type Sight,
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
  /** The steps are a part of what there is to do: look again after them. */
  readonly isPartial: boolean;
  /** Paths that arrive nowhere else and that the manifest has no way of bringing. */
  readonly uncarried: readonly string[];
  /** For people: what of the tree is too much to be carried at all. */
  readonly omitted: readonly string[];
}

/**
 * A tree with too many directories or links loses what is said of them, one with too many special files what is said of
 * those; it is made plain all the same, in several goes.
 */
export function planPlain({ places, hasMorePlaces, files, hasMoreFiles }: Sight): PlainPlan {
  const sorted = files.toSorted(byPath);
  const groups = hasMoreFiles ? new Map<string, Group>() : groupsOf(sorted);
  const carried = [...(hasMorePlaces ? [] : places), ...(hasMoreFiles ? [] : files)].toSorted(byPath);
  const entries = carried.flatMap((each) => entryOf(each, groups.get(each.inode)?.number ?? 0));
  return {
    entries: entries.every(isBareRoot) ? [] : entries,
    steps: [
      ...sorted.flatMap(bitsStep),
      ...sorted.flatMap((each) => (hasMoreFiles ? separateAny(each) : separateStep(each, groups))),
      ...sorted.flatMap(removeStep),
    ],
    isPartial: hasMoreFiles,
    uncarried: sorted.filter(isUncarried).map(({ path }) => path),
    omitted: [
      ...(hasMorePlaces
        ? [`times and special bits of more than ${places.length} directories and links`]
        : []),
      ...(hasMoreFiles ? [`hard links, special bits and FIFOs, which are more than ${files.length}`] : []),
    ],
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

/** Other names of the file may be among those that were not kept. */
function separateAny({ type, path, inode, size, links }: Found): readonly PlainStep[] {
  return type === 'file' && links > 1 ? [{ kind: 'separate', path, inode, size }] : [];
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
