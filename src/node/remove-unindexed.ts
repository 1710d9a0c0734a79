import { isUtf8 } from 'node:buffer';
import { link, mkdir, rmdir, unlink } from 'node:fs/promises';
import path from 'node:path';
import { parentOf } from '../metadata/entry.ts';
import { listIn, statIn } from '../metadata/look-in-tree.ts';
import { OpenTree } from '../metadata/open-tree.ts';
import { readablePath } from '../metadata/readable-path.ts';
import type { SyncthingClient } from '../syncthing/client.ts';
import { NodeError } from './errors.ts';
import { isDeletedElsewhere } from './judge-changes.ts';

export interface RemoveOptions {
  readonly syncthing: Pick<SyncthingClient, 'browse' | 'file'>;
  readonly folderId: string;
  /** `data/` of the copy. */
  readonly data: string;
  /** Its archive: what is removed has to be in there. */
  readonly kept: string;
  /** Of what Syncthing does not list, only files of which the version that counts is a deletion. */
  readonly onlyDeleted?: boolean;
  readonly signal: AbortSignal;
}

interface Walk extends Pick<RemoveOptions, 'syncthing' | 'folderId' | 'signal' | 'onlyDeleted'> {
  readonly data: OpenTree;
  readonly kept: OpenTree;
}

/**
 * Removes what the lineage does not have: Syncthing 1.30 leaves files there that the new lineage deleted, and shows
 * nothing of them in any count. Each is kept in the archive first. One directory at a time, so that a large tree costs
 * little memory. Gives the number of entries removed.
 *
 * The new lineage's pod may put a link in a directory's place while this looks at it: no link is followed, there or in
 * the archive, where another volume's files would be taken for these.
 */
export async function removeUnindexed(options: RemoveOptions): Promise<number> {
  await mkdir(options.kept, { recursive: true, mode: 0o700 });
  using data = new OpenTree(options.data);
  using kept = new OpenTree(options.kept);
  return await removeIn({ ...options, data, kept }, '');
}

async function removeIn(walk: Walk, directory: string): Promise<number> {
  const { syncthing, folderId, signal, data } = walk;
  const prefix = path.posix.join('data', readablePath(directory));
  const indexed = new Map(
    (await syncthing.browse(folderId, { signal, prefix, levels: 0 })).map((entry) => [
      entry.name,
      entry.type,
    ]),
  );
  let removed = 0;
  for (const { name, isDirectory } of (await listIn(data, directory)) ?? []) {
    const relative = path.posix.join(directory, name);
    // Temporary files of Syncthing, and names that are no UTF-8, which it never has in its index.
    if (name.startsWith('.syncthing.') || !isUtf8(Buffer.from(name, 'latin1'))) continue;
    const type = indexed.get(readablePath(name));
    if (isDirectory && (type === 'directory' || walk.onlyDeleted === true))
      removed += await removeIn(walk, relative);
    else if (type === undefined && (await mayGo(walk, relative)))
      removed += await removeTree(walk, relative, isDirectory);
  }
  return removed;
}

async function mayGo({ onlyDeleted, syncthing, folderId, signal }: Walk, relative: string): Promise<boolean> {
  if (onlyDeleted !== true) return true;
  const entry = await syncthing.file(folderId, path.posix.join('data', readablePath(relative)), { signal });
  return entry !== undefined && isDeletedElsewhere(entry);
}

async function removeTree(walk: Walk, relative: string, isDirectory: boolean): Promise<number> {
  return isDirectory ? removeDirectory(walk, relative) : removeFile(walk, relative);
}

async function removeFile({ data, kept }: Walk, relative: string): Promise<number> {
  const place = data.reach(relative);
  if (place === undefined) return 0;
  await keep(kept, place, relative);
  await unlink(place);
  return 1;
}

async function removeDirectory(walk: Walk, relative: string): Promise<number> {
  const entries = await listIn(walk.data, relative);
  if (entries === undefined) return 0;
  let removed = 0;
  for (const { name, isDirectory } of entries)
    removed += await removeTree(walk, path.posix.join(relative, name), isDirectory);
  const place = walk.data.reach(relative);
  if (place === undefined) return removed;
  await rmdir(place);
  return removed + 1;
}

/** The archive has it from the start, unless it came since: then it gets a second name there. */
async function keep(kept: OpenTree, place: Buffer, relative: string): Promise<void> {
  if ((await statIn(kept, relative)) !== undefined) return;
  const parent = parentOf(relative);
  const to = kept.make(parent, 0o700) ? kept.reach(relative) : undefined;
  if (to !== undefined) return await link(place, to);
  const why = `${readablePath(parent)} is no directory in its archive: give what is there another name`;
  throw new NodeError('inconsistent', `cannot keep ${readablePath(relative)}: ${why}`);
}
