/** A way to the entries of a tree that somebody hostile may have made: no link is followed, whatever a path says. */
import { closeSync, constants, lstatSync, mkdirSync, openSync, type BigIntStats } from 'node:fs';
import { errnoOf } from '../runtime/errno.ts';
import { isPlainPath, parentOf, type FoundType } from './entry.ts';
import type { Seen } from './plan-apply.ts';

const OPEN_DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const OPEN_FILE = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

interface OpenDirectory {
  readonly path: string;
  readonly fd: number;
}

/**
 * Paths are of bytes, as Latin-1, and lead nowhere if they are no plain ones. They are best asked for in order: the
 * directories on the way to one stay open for the next. Calls of node:fs that end in `Sync`, because each is a few
 * microseconds and there are thousands; the caller makes pauses.
 */
export class OpenTree implements Disposable {
  readonly #root: number;
  #way: readonly OpenDirectory[] = [];

  constructor(root: string) {
    this.#root = openSync(root, OPEN_DIRECTORY);
  }

  /**
   * Under which an entry is reached whatever happens to the directories above it; good until the next call. Undefined
   * where one of them is missing, or is a link.
   */
  reach(path: string): Buffer | undefined {
    if (path === '') return this.inside(path);
    const fd = isPlainPath(path) ? this.#open(parentOf(path)) : undefined;
    return fd === undefined ? undefined : Buffer.from(`/proc/self/fd/${fd}/${nameOf(path)}`, 'latin1');
  }

  /** Under which a directory is listed, itself never a link; good until the next call. Undefined where it is none. */
  inside(path: string): Buffer | undefined {
    const fd = isPlainPath(path) ? this.#open(path) : undefined;
    return fd === undefined ? undefined : Buffer.from(`/proc/self/fd/${fd}/.`);
  }

  /** The directory, and what is missing on the way to it. False where something that is no directory is in the way. */
  make(path: string, mode = 0o777): boolean {
    if (this.inside(path) !== undefined) return true;
    if (path === '' || !isPlainPath(path) || !this.make(parentOf(path), mode)) return false;
    const place = this.reach(path);
    if (place !== undefined) makeDirectory(place, mode);
    return this.inside(path) !== undefined;
  }

  see(path: string): Seen | undefined {
    const place = this.reach(path);
    const stats = place === undefined ? undefined : lstatSync(place, { bigint: true, throwIfNoEntry: false });
    return stats === undefined ? undefined : seenOf(stats);
  }

  /** A file, directory or FIFO; of a link it throws. The caller closes. */
  open(path: string): number | undefined {
    const place = this.reach(path);
    return place === undefined ? undefined : openSync(place, OPEN_FILE);
  }

  [Symbol.dispose](): void {
    this.#closeBelow('');
    closeSync(this.#root);
  }

  #open(directory: string): number | undefined {
    this.#closeBelow(directory);
    const open = this.#way.at(-1);
    const rest = directory.slice(open === undefined ? 0 : open.path.length + 1);
    let fd = open?.fd ?? this.#root;
    let path = open?.path ?? '';
    for (const name of rest.split('/').filter((each) => each !== '')) {
      const next = openBelow(fd, name);
      if (next === undefined) return undefined;
      fd = next;
      path = path === '' ? name : `${path}/${name}`;
      this.#way = [...this.#way, { path, fd }];
    }
    return fd;
  }

  /** Closes what does not lead to `directory`. */
  #closeBelow(directory: string): void {
    const isOnTheWay = ({ path }: OpenDirectory): boolean => `${directory}/`.startsWith(`${path}/`);
    for (const { fd } of this.#way.filter((each) => !isOnTheWay(each))) closeSync(fd);
    this.#way = this.#way.filter(isOnTheWay);
  }
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function openBelow(fd: number, name: string): number | undefined {
  try {
    return openSync(Buffer.from(`/proc/self/fd/${fd}/${name}`, 'latin1'), OPEN_DIRECTORY);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}

/** Unless there is something of that name, be it a link to nowhere. */
function makeDirectory(place: Buffer, mode: number): void {
  try {
    mkdirSync(place, { mode });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
}

function seenOf(stats: BigIntStats): Seen {
  return {
    type: typeOf(stats),
    mode: Number(stats.mode & 0o7777n),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    size: stats.size,
    mtimeNs: stats.mtimeNs,
    inode: `${stats.dev}:${stats.ino}`,
  };
}

function typeOf(stats: BigIntStats): FoundType {
  if (stats.isDirectory()) return 'directory';
  if (stats.isFile()) return 'file';
  if (stats.isSymbolicLink()) return 'link';
  if (stats.isFIFO()) return 'fifo';
  return stats.isSocket() ? 'socket' : 'device';
}
