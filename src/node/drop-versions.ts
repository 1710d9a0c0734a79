/** What a copy kept of replaced and deleted files until the next state was proven (handoff rule 17). */
import { rmdir, unlink } from 'node:fs/promises';
import path from 'node:path';
import { isHeldBy, type BaseName } from '../handoff/session.ts';
import type { NodeContext } from './context.ts';
import { isMissing } from './errors.ts';
import { listTree } from './list-tree.ts';
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
    for (const file of found.files) await ignoreMissing(unlink(path.join(versions, file)));
    for (const directory of found.directories) await removeEmpty(path.join(versions, directory));
    ctx.log.info(
      { folderId, files: found.files.length },
      'versions older than the proven state were removed',
    );
  }
  ctx.volumes.record(folderId).versionsDropped = base;
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
