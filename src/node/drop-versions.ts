/** What a copy kept of replaced and deleted files until the next state was proven (handoff rule 17). */
import { readdir, rmdir, unlink } from 'node:fs/promises';
import path from 'node:path';
import { isHeldBy, type BaseName } from '../handoff/session.ts';
import type { NodeContext } from './context.ts';
import { isMissing } from './errors.ts';
import { placeOf, readVolume } from './live-volume.ts';

export interface DropOptions {
  readonly folderId: string;
  readonly base: BaseName;
}

/**
 * Removes the versions that are there, if the API server says that the volume still is detached and this disk a holder
 * of its base. They are listed before it is asked: what a new writer's changes put there meanwhile stays.
 */
export async function dropVersions(
  ctx: NodeContext,
  { folderId, base }: DropOptions,
  signal: AbortSignal,
): Promise<void> {
  const versions = path.join(ctx.store.layout.volume(folderId).syncRoot, '.stversions');
  const found = await listTree(versions, signal);
  if (found.files.length > 0) {
    if (!isHeldBy(await readVolume(ctx, folderId, signal), placeOf(ctx), base)) return;
    for (const file of found.files) await ignoreMissing(unlink(file));
    for (const directory of found.directories) await removeEmpty(directory);
    ctx.log.info(
      { folderId, files: found.files.length },
      'versions older than the proven state were removed',
    );
  }
  ctx.volumes.record(folderId).versionsDropped = base;
}

interface Tree {
  readonly files: readonly string[];
  /** Deepest first. */
  readonly directories: readonly string[];
}

async function listTree(directory: string, signal: AbortSignal): Promise<Tree> {
  signal.throwIfAborted();
  const files: string[] = [];
  const directories: string[] = [];
  for (const entry of await entriesOf(directory)) {
    const full = path.join(directory, entry.name);
    if (!entry.isDirectory()) files.push(full);
    else {
      const below = await listTree(full, signal);
      files.push(...below.files);
      directories.push(...below.directories, full);
    }
  }
  return { files, directories };
}

async function entriesOf(directory: string) {
  try {
    return await readdir(directory, { withFileTypes: true });
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

async function ignoreMissing(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

/** Syncthing may have put another version there since. */
async function removeEmpty(directory: string): Promise<void> {
  try {
    await rmdir(directory);
  } catch (error) {
    const isFilled = error instanceof Error && 'code' in error && error.code === 'ENOTEMPTY';
    if (!isFilled && !isMissing(error)) throw error;
  }
}
