import { createReadStream, type Stats } from 'node:fs';
import { lstat, readlink, rmdir, unlink } from 'node:fs/promises';
import path from 'node:path';
import { isMissing } from './errors.ts';
import { entriesOf } from './list-tree.ts';

export interface PruneOptions {
  /** Directory of this rejoin's archive. */
  readonly archive: string;
  /** The tree in it. */
  readonly kept: string;
  /** `data/` of the copy, in sync with the lineage. */
  readonly data: string;
  readonly signal: AbortSignal;
}

/**
 * Takes out of the archive what the copy has as well, by inode or by content: what stays is what only the lost lineage
 * had. Gives how many files stay; an archive without any is removed.
 */
export async function pruneArchive(options: PruneOptions): Promise<number> {
  const left = await pruneIn(options, '');
  if (left === 0) {
    await removeEmpty(options.kept);
    await removeEmpty(options.archive);
  }
  return left;
}

async function pruneIn(options: PruneOptions, directory: string): Promise<number> {
  options.signal.throwIfAborted();
  let left = 0;
  for (const entry of await entriesOf(path.join(options.kept, directory))) {
    const relative = path.join(directory, entry.name);
    const kept = path.join(options.kept, relative);
    if (entry.isDirectory()) {
      const leftBelow = await pruneIn(options, relative);
      if (leftBelow === 0 && (await statOf(path.join(options.data, relative)))?.isDirectory() === true)
        await removeEmpty(kept);
      else left += Math.max(1, leftBelow);
    } else if (await isSame(kept, path.join(options.data, relative))) {
      await unlink(kept);
    } else {
      left += 1;
    }
  }
  return left;
}

async function isSame(kept: string, current: string): Promise<boolean> {
  const [one, other] = [await statOf(kept), await statOf(current)];
  if (one === undefined || other === undefined) return false;
  if (one.ino === other.ino && one.dev === other.dev) return true;
  if (one.isSymbolicLink() && other.isSymbolicLink())
    return (await readlink(kept)) === (await readlink(current));
  return one.isFile() && other.isFile() && one.size === other.size && (await sameContent(kept, current));
}

async function statOf(file: string): Promise<Stats | undefined> {
  try {
    return await lstat(file);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

const CHUNK = 256 * 1024;

async function sameContent(one: string, other: string): Promise<boolean> {
  const left = createReadStream(one, { highWaterMark: CHUNK });
  const right = createReadStream(other, { highWaterMark: CHUNK });
  try {
    const chunks: AsyncIterator<Buffer> = right[Symbol.asyncIterator]();
    for await (const chunk of left) {
      const next = await chunks.next();
      if (next.done === true || !next.value.equals(chunk)) return false;
    }
    return (await chunks.next()).done === true;
  } finally {
    left.destroy();
    right.destroy();
  }
}

/** Only if nothing is in it; the directories of an archive come and go with their files. */
async function removeEmpty(directory: string): Promise<void> {
  try {
    await rmdir(directory);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code !== 'ENOTEMPTY' && code !== 'ENOENT' && code !== 'EEXIST') throw error;
  }
}
