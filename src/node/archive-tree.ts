/** A stale copy's tree goes to the archive before Syncthing may touch it (handoff rule 30). */
import { rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { archived } from '../handoff/disk-state.ts';
import { makeDirectoryDurably, syncDirectory } from '../runtime/durable-file.ts';
import { NodeError } from './errors.ts';
import { exists } from './exists.ts';
import type { NodeContext } from './context.ts';

/** Hard links of a million files take a minute or two on a slow disk. */
const LINK_TIMEOUT_MS = 30 * 60_000;

/**
 * Renames `data/` into the archive and puts a tree of hard links in its place: Syncthing replaces files and never
 * writes into one, so the archive keeps every byte. Safe to repeat from any point: each step is one rename, and what
 * is put together before a rename is thrown away and begun anew.
 */
export async function archiveTree(ctx: NodeContext, folderId: string, signal: AbortSignal): Promise<void> {
  const state = await ctx.states.read(folderId);
  if (state?.phase.kind !== 'rejoining' || state.phase.step !== 'archiving') return;
  const { epoch } = state.phase;
  const { data, syncRoot, linking, manifest } = ctx.store.layout.volume(folderId);
  // It speaks of the lost lineage; a Syncthing that does not see that the new one deleted it would let it stay.
  await rm(manifest, { force: true });
  const kept = path.join(state.phase.archive, 'data');
  if (!(await exists(kept))) await moveAway(data, kept);
  if ((await exists(kept)) && !(await exists(data))) {
    await rm(linking, { recursive: true, force: true });
    await linkTree(kept, linking, signal);
    await ctx.syncFilesystems([linking], signal);
    await rename(linking, data);
    await syncDirectory(syncRoot);
  }
  await ctx.mutex.run(folderId, async () => {
    const now = await ctx.states.read(folderId);
    if (now !== undefined) await ctx.states.write(archived(now, epoch));
  });
  ctx.log.warn({ folderId, archive: state.phase.archive }, 'a stale copy was archived before it rejoins');
}

/** A copy without files has nothing to keep. */
async function moveAway(data: string, kept: string): Promise<void> {
  if (!(await exists(data))) return;
  await makeDirectoryDurably(path.dirname(kept));
  await rename(data, kept);
  await syncDirectory(path.dirname(kept));
  await syncDirectory(path.dirname(data));
}

async function linkTree(from: string, to: string, signal: AbortSignal): Promise<void> {
  try {
    await execa('cp', ['--archive', '--link', '--no-target-directory', '--', from, to], {
      cancelSignal: signal,
      timeout: LINK_TIMEOUT_MS,
      stdin: 'ignore',
    });
  } catch (cause) {
    throw new NodeError('io', `cannot link ${from} back as ${to}: is the disk full?`, { cause });
  }
}
