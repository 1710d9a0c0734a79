import { copyFile, link, mkdir } from 'node:fs/promises';
import { bytePath } from '../metadata/byte-path.ts';
import { parentOf } from '../metadata/entry.ts';
import { openFileIn, statIn } from '../metadata/look-in-tree.ts';
import { OpenTree } from '../metadata/open-tree.ts';
import { readablePath } from '../metadata/readable-path.ts';
import { errnoOf } from '../runtime/errno.ts';
import { isMissing, NodeError } from './errors.ts';

export interface SetAsideOptions {
  /** Syncthing's root of the folder. */
  readonly root: string;
  /** Directory that gets what is kept; made where it is missing. */
  readonly archive: string;
  /** Relative to the root, as Syncthing's index has them. */
  readonly names: readonly string[];
}

/**
 * Gives files a second name in the archive before Syncthing puts others in their place: it replaces files and never
 * writes into one. What is not there, and directories, have nothing to keep; nor does what is below a link, there or in
 * the archive, which may lead into another volume. Gives how many are kept; the caller makes them durable before
 * anything takes their place.
 */
export async function setAside({ root, archive, names }: SetAsideOptions): Promise<number> {
  using tree = new OpenTree(root);
  const there: string[] = [];
  for (const name of names.map(bytePath)) {
    const stats = await statIn(tree, name);
    if (stats?.isDirectory() === false) there.push(name);
  }
  if (there.length === 0) return 0;
  await mkdir(archive, { recursive: true, mode: 0o700 });
  using kept = new OpenTree(archive);
  let count = 0;
  for (const name of there) if (await keep(tree, kept, name)) count += 1;
  return count;
}

async function keep(tree: OpenTree, kept: OpenTree, name: string): Promise<boolean> {
  const to = kept.make(parentOf(name), 0o700) ? kept.reach(name) : undefined;
  if (to === undefined)
    throw new NodeError(
      'inconsistent',
      `cannot keep ${readablePath(name)}: it was below a link a moment ago`,
    );
  try {
    return await linkOrCopy(tree, name, to);
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** A file with as many names as the file system allows gets a copy instead; a link has other names that say the same. */
async function linkOrCopy(tree: OpenTree, name: string, to: Buffer): Promise<boolean> {
  const from = tree.reach(name);
  if (from === undefined) return false;
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (errnoOf(error) !== 'EMLINK') throw error;
  }
  await using file = await openFileIn(tree, name);
  if (file === undefined) return false;
  await copyFile(`/proc/self/fd/${file.fd}`, to);
  return true;
}
