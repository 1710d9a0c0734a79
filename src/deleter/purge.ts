import { lstat, opendir, rename, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { PassReport } from '../desired/node-view.ts';
import { isOver, messageOf, type Budget } from '../runtime/apply-actions.ts';

/** Directories that this program has moved to the top, in this pass or an earlier one. */
const TAKEN = '.purge-';

interface Sweep {
  readonly root: string;
  readonly budget: Budget;
  /** How many names of ours this pass has tried. */
  names: number;
  taken: number;
  removed: number;
  /** The first one since something was last removed or moved. */
  error?: unknown;
}

/**
 * Removes a directory tree in slices: what is left when the budget is over is found by the next pass.
 *
 * It does not go down the tree. Each directory is first moved to the top under a name of ours, then emptied there and
 * removed. So no path gets too long however deep a pod nested its directories, and a mount point, which cannot be
 * moved, is left alone with everything below it. Links are removed, never followed. What cannot be removed does not
 * keep the rest.
 */
export async function purge(root: string, item: string, budget: Budget): Promise<PassReport> {
  const sweep: Sweep = { root, budget, names: 0, taken: 0, removed: 0 };
  let progress = -1;
  while (progress !== sweep.removed + sweep.taken) {
    progress = sweep.removed + sweep.taken;
    delete sweep.error;
    await attempt(sweep, () => sweepOnce(sweep));
    if (isOver(budget)) return { changed: sweep.removed, failed: [], more: true };
    if (sweep.error === undefined) return { changed: sweep.removed, failed: [], more: false };
  }
  return { changed: sweep.removed, failed: [{ item, reason: messageOf(sweep.error) }], more: false };
}

async function attempt(sweep: Sweep, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    sweep.error ??= error;
  }
}

/** Everything at the top, then the top itself; that fails while something is left, which the next sweep finds. */
async function sweepOnce(sweep: Sweep): Promise<void> {
  const { root } = sweep;
  await forEachEntry(sweep, root, async (name, isDirectory) => {
    if (!isDirectory) return remove(sweep, join(root, name));
    const directory = name.startsWith(TAKEN) ? join(root, name) : await take(sweep, join(root, name));
    await emptyDirectory(sweep, directory);
  });
  if (!isOver(sweep.budget)) await rmdir(root);
}

async function emptyDirectory(sweep: Sweep, directory: string): Promise<void> {
  // What was a directory when its name was read may have been a link when it was taken; here nobody replaces it.
  if (!(await lstat(directory)).isDirectory()) return remove(sweep, directory);
  await forEachEntry(sweep, directory, async (name, isDirectory) => {
    const path = join(directory, name);
    await (isDirectory ? take(sweep, path) : remove(sweep, path));
  });
  if (isOver(sweep.budget)) return;
  await rmdir(directory);
  sweep.removed += 1;
}

async function forEachEntry(
  sweep: Sweep,
  directory: string,
  work: (name: string, isDirectory: boolean) => Promise<unknown>,
): Promise<void> {
  for await (const entry of await opendir(directory)) {
    if (isOver(sweep.budget)) return;
    await attempt(sweep, async () => void (await work(entry.name, entry.isDirectory())));
  }
}

async function remove(sweep: Sweep, path: string): Promise<void> {
  await unlink(path);
  sweep.removed += 1;
}

/** A name that a pass before has used is passed over; an empty directory of that name is replaced. */
async function take(sweep: Sweep, path: string): Promise<string> {
  for (;;) {
    const target = join(sweep.root, `${TAKEN}${sweep.names}`);
    sweep.names += 1;
    try {
      await rename(path, target);
      sweep.taken += 1;
      return target;
    } catch (error) {
      if (!isTaken(error)) throw error;
    }
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOTEMPTY' || error.code === 'EEXIST');
}
