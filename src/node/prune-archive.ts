import { readlink, rmdir, unlink } from 'node:fs/promises';
import path from 'node:path';
import { listIn, openFileIn, statIn } from '../metadata/look-in-tree.ts';
import { OpenTree } from '../metadata/open-tree.ts';
import { exists } from './exists.ts';

export interface PruneOptions {
  /** Directory of this rejoin's archive. */
  readonly archive: string;
  /** The tree in it. */
  readonly kept: string;
  /** `data/` of the copy, in sync with the lineage. */
  readonly data: string;
  readonly signal: AbortSignal;
}

interface Trees {
  readonly kept: OpenTree;
  readonly data: OpenTree;
  readonly signal: AbortSignal;
}

/**
 * Takes out of the archive what the copy has as well, by inode or by content: what stays is what only the lost lineage
 * had. Gives how many files stay; an archive without any is removed.
 *
 * The copy has nothing below a link, wherever it leads: it may lead into the archive, and each file be compared with
 * itself.
 */
export async function pruneArchive(options: PruneOptions): Promise<number> {
  const left = (await exists(options.kept)) ? await pruneTree(options) : 0;
  if (left === 0) {
    await removeEmpty(options.kept);
    await removeEmpty(options.archive);
  }
  return left;
}

async function pruneTree({ signal, ...options }: PruneOptions): Promise<number> {
  using kept = new OpenTree(options.kept);
  using data = new OpenTree(options.data);
  return await pruneIn({ kept, data, signal }, '');
}

async function pruneIn(trees: Trees, directory: string): Promise<number> {
  trees.signal.throwIfAborted();
  let left = 0;
  for (const { name, isDirectory } of (await listIn(trees.kept, directory)) ?? []) {
    const relative = path.posix.join(directory, name);
    if (isDirectory) {
      const leftBelow = await pruneIn(trees, relative);
      if (leftBelow === 0 && trees.data.inside(relative) !== undefined)
        await removeEmpty(trees.kept.reach(relative));
      else left += Math.max(1, leftBelow);
    } else if (await isSame(trees, relative)) {
      await removeKept(trees, relative);
    } else {
      left += 1;
    }
  }
  return left;
}

async function removeKept({ kept }: Trees, relative: string): Promise<void> {
  const place = kept.reach(relative);
  if (place !== undefined) await unlink(place);
}

async function isSame(trees: Trees, relative: string): Promise<boolean> {
  const one = await statIn(trees.kept, relative);
  const other = await statIn(trees.data, relative);
  if (one === undefined || other === undefined) return false;
  if (one.ino === other.ino && one.dev === other.dev) return true;
  if (one.isSymbolicLink() && other.isSymbolicLink()) return await isSameTarget(trees, relative);
  return one.isFile() && other.isFile() && one.size === other.size && (await isSameContent(trees, relative));
}

async function isSameTarget({ kept, data }: Trees, relative: string): Promise<boolean> {
  const [one, other] = [kept.reach(relative), data.reach(relative)];
  if (one === undefined || other === undefined) return false;
  const target = await readlink(one, 'buffer');
  return target.equals(await readlink(other, 'buffer'));
}

const CHUNK = 256 * 1024;

async function isSameContent({ kept, data }: Trees, relative: string): Promise<boolean> {
  await using one = await openFileIn(kept, relative);
  await using other = await openFileIn(data, relative);
  if (one === undefined || other === undefined) return false;
  const options = { autoClose: false, highWaterMark: CHUNK };
  const chunks: AsyncIterator<Buffer> = other.createReadStream(options)[Symbol.asyncIterator]();
  for await (const chunk of one.createReadStream(options)) {
    const next = await chunks.next();
    if (next.done === true || !next.value.equals(chunk)) return false;
  }
  return (await chunks.next()).done === true;
}

/** Only if nothing is in it; the directories of an archive come and go with their files. */
async function removeEmpty(directory: string | Buffer | undefined): Promise<void> {
  try {
    if (directory !== undefined) await rmdir(directory);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code !== 'ENOTEMPTY' && code !== 'ENOENT' && code !== 'EEXIST') throw error;
  }
}
