/**
 * What takes the disk a while is asked of it without keeping anybody waiting. One call after the other: an OpenTree's
 * places are good until it is asked for the next.
 */
import { constants, type BigIntStats } from 'node:fs';
import { lstat, open, readdir, type FileHandle } from 'node:fs/promises';
import { errnoOf } from '../runtime/errno.ts';
import type { OpenTree } from './open-tree.ts';

/** Of the entry itself, be it a link; undefined where there is none, or a directory above it is none. */
export async function statIn(tree: OpenTree, path: string): Promise<BigIntStats | undefined> {
  const place = tree.reach(path);
  return place === undefined ? undefined : unlessGone(lstat(place, { bigint: true }));
}

export interface ListedEntry {
  /** Of bytes, as Latin-1. */
  readonly name: string;
  /** It was one when it was listed. */
  readonly isDirectory: boolean;
}

/** Undefined where it is no directory, or none any more. */
export async function listIn(tree: OpenTree, path: string): Promise<readonly ListedEntry[] | undefined> {
  const place = tree.inside(path);
  if (place === undefined) return undefined;
  const entries = await unlessGone(readdir(place, { withFileTypes: true, encoding: 'buffer' }));
  return entries?.map((entry) => ({ name: entry.name.toString('latin1'), isDirectory: entry.isDirectory() }));
}

// Whoever opens a FIFO would wait for its other end.
const OPEN_FILE = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** To be read; undefined where it is anything but a regular file. */
export async function openFileIn(tree: OpenTree, path: string): Promise<FileHandle | undefined> {
  // Opening a device may do something to it.
  if ((await statIn(tree, path))?.isFile() !== true) return undefined;
  const place = tree.reach(path);
  const handle = place === undefined ? undefined : await unlessGone(open(place, OPEN_FILE));
  if (handle === undefined || (await handle.stat()).isFile()) return handle;
  await handle.close();
  return undefined;
}

/** Or replaced, meanwhile, by something of another kind. */
async function unlessGone<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}
