/**
 * What a tree has and Syncthing does not carry (docs/handoff.md, rules 39 and 40). A path is relative to `data/` and of
 * bytes: each character stands for one (latin1), since names need not be UTF-8. The root is the empty path.
 */
export type Entry = DirectoryEntry | LinkEntry | FifoEntry | FileEntry;

export interface DirectoryEntry {
  readonly kind: 'directory';
  readonly path: string;
  /** Of the mode only setuid, setgid and sticky (07000). */
  readonly special: number;
  /** To the microsecond, which is what node:fs sets exactly; absent for the root, whose time nobody restores. */
  readonly mtimeNs?: bigint;
}

/** A symbolic link: its target is carried, its time is not. */
export interface LinkEntry {
  readonly kind: 'link';
  readonly path: string;
  /** To the microsecond. */
  readonly mtimeNs: bigint;
}

export interface FifoEntry {
  readonly kind: 'fifo';
  readonly path: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** A file with special bits or with several names. All of it but bits and group is carried, and tells the file again. */
export interface FileEntry {
  readonly kind: 'file';
  readonly path: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  /** Files of one group, counted from 1, are names of one file; 0: it has no other name. */
  readonly group: number;
}

/** Setuid, setgid, sticky. */
export const SPECIAL_BITS = 0o7000;
/** What Syncthing carries of a mode. */
export const PERMISSION_BITS = 0o777;

export type FoundType = 'directory' | 'link' | 'fifo' | 'socket' | 'device' | 'file';

/** One line of what `find` sees (find-special.ts). */
export interface Found {
  readonly type: FoundType;
  readonly path: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly links: number;
  /** Device and inode. */
  readonly inode: string;
}

/** One look at a tree. Both parts are bounded, so that a tree of any size costs little memory. */
export interface Sight {
  /** Directories and symbolic links. */
  readonly places: readonly Found[];
  /** There are more, which makes these of no use. */
  readonly hasMorePlaces: boolean;
  /** Everything else that find saw. */
  readonly files: readonly Found[];
  readonly hasMoreFiles: boolean;
}

/** Nothing in a path that would lead out of the tree, or that names the same place in two ways. */
export function isPlainPath(path: string): boolean {
  return path === '' || path.split('/').every((name) => name !== '' && name !== '.' && name !== '..');
}

export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** To the nearest, also before 1970; a second time it changes nothing. */
export function toMicroseconds(ns: bigint): bigint {
  const shifted = ns + 500n;
  return shifted - (((shifted % 1000n) + 1000n) % 1000n);
}

/** By bytes, so that a directory comes before what is in it, and every node has the same order. */
export function byPath(one: { readonly path: string }, other: { readonly path: string }): number {
  if (one.path === other.path) return 0;
  return one.path < other.path ? -1 : 1;
}
