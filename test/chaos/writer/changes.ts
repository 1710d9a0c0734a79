/** The changes that a writer makes, each as what it does to the disk and what stands there afterwards. */
import {
  chmodSync,
  chownSync,
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  futimesSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  renameSync,
  rmdirSync,
  linkSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { BLOCK_SIZE, contentOf, digestOf } from '../ledger/content.ts';
import type { Effect } from '../ledger/session.ts';
import { ABSENT, blockPath, type Carried, type Ownership, type Value } from '../ledger/value.ts';
import { writeAttribute } from './attributes.ts';
import type { Change } from './journal.ts';

/** As Ownership, but for `mode`: all twelve bits. */
export type OwnershipWish = Ownership;

export interface FileWish extends OwnershipWish {
  readonly path: string;
  /** Of the content, see contentOf. */
  readonly content: string;
  readonly size: number;
  /** Seconds since the epoch; a multiple of 1/64, which both Node and the disk keep as it is. */
  readonly mtime: number;
}

function syncPath(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function syncer(root: string, ...paths: readonly string[]): () => void {
  return () => {
    for (const path of paths) syncPath(join(root, path));
  };
}

function inRoot(path: string): string {
  return dirname(path);
}

function nanoseconds(mtime: number): string {
  return String(BigInt(Math.round(mtime * 64)) * 15_625_000n);
}

function ownershipOf({ mode, uid, gid, xattr }: OwnershipWish): Ownership {
  return { mode: mode & 0o777, uid, gid, ...(xattr !== undefined && { xattr }) };
}

/** `others`: what is carried beside the bits. */
function carriedOf({ mode }: OwnershipWish, others: Omit<Carried, 'special'> = {}): { carried?: Carried } {
  const special = mode & 0o7000;
  return special === 0 && Object.keys(others).length === 0 ? {} : { carried: { special, ...others } };
}

function valueOf(wish: FileWish, linked: Omit<Carried, 'special'> = {}): Value {
  const { content, size, mtime } = wish;
  const sha256 = digestOf(content, size);
  const mtimeNs = nanoseconds(mtime);
  return { kind: 'file', sha256, size, mtimeNs, content, ...ownershipOf(wish), ...carriedOf(wish, linked) };
}

function own(path: string, { mode, uid, gid, xattr }: OwnershipWish): void {
  chownSync(path, uid, gid);
  chmodSync(path, mode);
  writeAttribute(path, xattr);
}

/** A disk that is full takes a part, and says so only of the next. */
function writeAll(descriptor: number, bytes: Uint8Array, position: number): void {
  let at = 0;
  while (at < bytes.length)
    at += writeSync(descriptor, bytes, at, Math.min(65_536, bytes.length - at), position + at);
}

function fill(file: string, wish: FileWish, flags: string): void {
  const descriptor = openSync(file, flags, 0o600);
  try {
    if (flags === 'r+') ftruncateSync(descriptor, 0);
    writeAll(descriptor, contentOf(wish.content, wish.size), 0);
    fchownSync(descriptor, wish.uid, wish.gid);
    fchmodSync(descriptor, wish.mode);
    writeAttribute(file, wish.xattr);
    futimesSync(descriptor, wish.mtime, wish.mtime);
  } finally {
    closeSync(descriptor);
  }
}

/** Written beside its place and renamed into it: others see all of it or nothing. */
export function replaceFile(root: string, wish: FileWish): Change {
  const file = join(root, wish.path);
  const beside = `${file}.part`;
  return {
    effects: [{ path: wish.path, value: valueOf(wish) }],
    inPlace: false,
    apply() {
      try {
        fill(beside, wish, 'w');
        renameSync(beside, file);
      } catch (error) {
        rmSync(beside, { force: true });
        throw error;
      }
      return syncer(root, wish.path, inRoot(wish.path));
    },
  };
}

/** Cut to nothing and written again where it stands. It has to be there. */
export function overwriteFile(root: string, wish: FileWish): Change {
  return {
    effects: [{ path: wish.path, value: valueOf(wish) }],
    inPlace: true,
    apply() {
      fill(join(root, wish.path), wish, 'r+');
      return syncer(root, wish.path);
    },
  };
}

/** Many new files in directories of their own, written where they stand. */
export function makeFiles(root: string, wishes: readonly FileWish[]): Change {
  const directories = [...new Set(wishes.map((wish) => inRoot(wish.path)))];
  return {
    effects: wishes.map((wish) => ({ path: wish.path, value: valueOf(wish) })),
    inPlace: true,
    apply() {
      for (const wish of wishes) fill(join(root, wish.path), wish, 'w');
      return syncer(root, ...wishes.map((wish) => wish.path), ...directories);
    },
  };
}

/** One file under two names. Others may see the first of them alone, or the one before under the second. */
export function replaceLinked(root: string, wish: FileWish, other: string): Change {
  const [first = wish.path] = [wish.path, other].toSorted();
  const value = valueOf(wish, { linkedWith: first });
  const beside = join(root, `${wish.path}.part`);
  return {
    effects: [wish.path, other].map((path) => ({ path, value })),
    inPlace: true,
    apply() {
      rmSync(beside, { force: true });
      try {
        fill(beside, wish, 'w');
        renameSync(beside, join(root, wish.path));
        linkSync(join(root, wish.path), beside);
        renameSync(beside, join(root, other));
      } catch (error) {
        rmSync(beside, { force: true });
        throw error;
      }
      return syncer(root, wish.path, inRoot(wish.path), inRoot(other));
    },
  };
}

export function deleteFiles(root: string, paths: readonly string[]): Change {
  return {
    effects: paths.map((path) => ({ path, value: ABSENT })),
    inPlace: false,
    apply() {
      for (const path of paths) unlinkSync(join(root, path));
      return syncer(root, ...new Set(paths.map(inRoot)));
    },
  };
}

export interface Rename {
  readonly from: string;
  readonly to: string;
  readonly value: Value;
}

export function renameFile(root: string, { from, to, value }: Rename): Change {
  return {
    effects: [
      { path: from, value: ABSENT },
      { path: to, value },
    ],
    inPlace: false,
    apply() {
      renameSync(join(root, from), join(root, to));
      // The file as well: who wrote it may not have synced it.
      return syncer(root, to, inRoot(from), inRoot(to));
    },
  };
}

export function replaceLink(root: string, path: string, target: string): Change {
  const file = join(root, path);
  return {
    effects: [{ path, value: { kind: 'link', target } }],
    inPlace: false,
    apply() {
      rmSync(`${file}.part`, { force: true });
      symlinkSync(target, `${file}.part`);
      renameSync(`${file}.part`, file);
      return syncer(root, inRoot(path));
    },
  };
}

/** Owner, mode and attribute of a file or directory that stands there as `value`. */
export function changeOwnership(
  root: string,
  path: string,
  value: Extract<Value, { kind: 'file' | 'directory' }>,
  wish: OwnershipWish,
): Change {
  const { xattr: _xattr, carried, ...rest } = value;
  const { special: _special, ...others } = carried ?? { special: 0 };
  return {
    effects: [{ path, value: { ...rest, ...ownershipOf(wish), ...carriedOf(wish, others) } }],
    inPlace: true,
    apply() {
      own(join(root, path), wish);
      return syncer(root, path);
    },
  };
}

/** `mtime`, as of files, where nothing is to be put into it. */
export function makeDirectory(root: string, path: string, wish: OwnershipWish, mtime?: number): Change {
  const times = mtime === undefined ? {} : { mtimeNs: nanoseconds(mtime) };
  return {
    effects: [{ path, value: { kind: 'directory', ...ownershipOf(wish), ...carriedOf(wish, times) } }],
    inPlace: true,
    apply() {
      mkdirSync(join(root, path));
      own(join(root, path), wish);
      if (mtime !== undefined) utimesSync(join(root, path), mtime, mtime);
      return syncer(root, path, inRoot(path));
    },
  };
}

/** It has to be empty. */
export function removeDirectory(root: string, path: string): Change {
  return {
    effects: [{ path, value: ABSENT }],
    inPlace: false,
    apply() {
      rmdirSync(join(root, path));
      return syncer(root, inRoot(path));
    },
  };
}

export interface BlocksWish extends Ownership {
  readonly path: string;
  readonly content: string;
  /** Of the whole file; a multiple of the block size. */
  readonly size: number;
  /** Which blocks get the content. */
  readonly blocks: readonly number[];
  readonly mtime: number;
}

/** Blocks of a large file, written where they stand; the file is made where there is none. */
export function writeBlocks(root: string, wish: BlocksWish): Change {
  const { path, size, mode, uid, gid, mtime, content, blocks } = wish;
  const effects: readonly Effect[] = [
    { path, value: { kind: 'large', size, mtimeNs: nanoseconds(mtime), ...ownershipOf(wish) } },
    ...blocks.map((index) => ({
      path: blockPath(path, index),
      value: { kind: 'block', content } as const,
    })),
  ];
  return {
    effects,
    inPlace: true,
    apply() {
      const descriptor = openSync(join(root, path), 'a+');
      closeSync(descriptor);
      const file = openSync(join(root, path), 'r+');
      try {
        const block = contentOf(content, BLOCK_SIZE);
        for (const index of blocks) writeAll(file, block, index * BLOCK_SIZE);
        fchownSync(file, uid, gid);
        fchmodSync(file, mode);
        writeAttribute(join(root, path), wish.xattr);
        futimesSync(file, mtime, mtime);
      } finally {
        closeSync(file);
      }
      return syncer(root, path, inRoot(path));
    },
  };
}
