import { link, lstat, mkdir, readdir, rmdir, unlink } from 'node:fs/promises';
import path from 'node:path';
import type { SyncthingClient } from '../syncthing/client.ts';
import { isMissing } from './errors.ts';

export interface RemoveOptions {
  readonly syncthing: Pick<SyncthingClient, 'browse'>;
  readonly folderId: string;
  /** `data/` of the copy. */
  readonly data: string;
  /** Its archive: what is removed has to be in there. */
  readonly kept: string;
  readonly signal: AbortSignal;
}

/**
 * Removes what the lineage does not have: Syncthing 1.30 leaves files there that the new lineage deleted, and shows
 * nothing of them in any count. Each is kept in the archive first. One directory at a time, so that a large tree costs
 * little memory. Gives the number of entries removed.
 */
export async function removeUnindexed(options: RemoveOptions): Promise<number> {
  return removeIn(options, '');
}

async function removeIn(options: RemoveOptions, directory: string): Promise<number> {
  const { syncthing, folderId, signal, data } = options;
  const prefix = path.posix.join('data', directory);
  const indexed = new Map(
    (await syncthing.browse(folderId, { signal, prefix, levels: 0 })).map((entry) => [
      entry.name,
      entry.type,
    ]),
  );
  let removed = 0;
  for (const entry of await readdir(path.join(data, directory), { withFileTypes: true })) {
    const relative = path.posix.join(directory, entry.name);
    // Temporary files of Syncthing, and names that are no UTF-8, which it never has in its index.
    if (entry.name.startsWith('.syncthing.') || entry.name.includes('\uFFFD')) continue;
    if (entry.isDirectory() && indexed.get(entry.name) === 'directory')
      removed += await removeIn(options, relative);
    else if (!indexed.has(entry.name)) removed += await removeTree(options, relative, entry.isDirectory());
  }
  return removed;
}

async function removeTree(options: RemoveOptions, relative: string, isDirectory: boolean): Promise<number> {
  const target = path.join(options.data, relative);
  if (!isDirectory) {
    await keep(options, relative);
    await unlink(target);
    return 1;
  }
  let removed = 0;
  for (const entry of await readdir(target, { withFileTypes: true })) {
    removed += await removeTree(options, path.posix.join(relative, entry.name), entry.isDirectory());
  }
  await rmdir(target);
  return removed + 1;
}

/** The archive has it from the start, unless it came since: then it gets a second name there. */
async function keep({ data, kept }: RemoveOptions, relative: string): Promise<void> {
  const archivedPath = path.join(kept, relative);
  try {
    await lstat(archivedPath);
  } catch (error) {
    if (!isMissing(error)) throw error;
    await mkdir(path.dirname(archivedPath), { recursive: true, mode: 0o700 });
    await link(path.join(data, relative), archivedPath);
  }
}
