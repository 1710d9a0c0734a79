/** The end of a rejoin: the copy is what the lineage says, the archive what only this copy had (handoff rule 30). */
import { archivesIn } from '../handoff/archives.ts';
import { rejoined } from '../handoff/disk-state.ts';
import { giveOwnCopies } from '../metadata/own-copies.ts';
import type { NodeContext } from './context.ts';
import { NodeError } from './errors.ts';
import { existing } from './exists.ts';
import { makeReceiverPlain } from './make-tree-plain.ts';
import { pruneArchives, treeIn } from './prune-archives.ts';
import { removeUnindexed } from './remove-unindexed.ts';

const SCAN_TIMEOUT_MS = 30 * 60_000;

/**
 * The order is that of the measured procedure: what a pod made that a receiver must not have goes, then scan, compare with
 * the index, revert, scan as a barrier, compare again, prune. What the lineage deleted goes before the revert, which may
 * have Syncthing keep it in the deletion's version (removeDeleted says how). What stays was linked with files that may be
 * live under other names by now (a file had several, or the lineage renamed it), and gets copies of its own.
 */
export async function finishRejoin(ctx: NodeContext, folderId: string, signal: AbortSignal): Promise<void> {
  const state = await ctx.states.read(folderId);
  if (state?.phase.kind !== 'rejoining' || state.phase.step !== 'archived') return;
  const { archive, epoch } = state.phase;
  const archives = archivesIn(state.phase);
  const { data, directory, scratch } = ctx.store.layout.volume(folderId);
  const { syncthing } = ctx;
  await makeReceiverPlain(ctx, folderId, archives.length, signal);
  const unindexed = { syncthing, folderId, data, kept: treeIn(archive), signal };
  await syncthing.scan(folderId, { signal, timeoutMs: SCAN_TIMEOUT_MS });
  const deleted = await removeUnindexed({ ...unindexed, onlyDeleted: true });
  if (deleted > 0) await syncthing.scan(folderId, { signal, timeoutMs: SCAN_TIMEOUT_MS });
  await syncthing.revert(folderId, { signal });
  await syncthing.scan(folderId, { signal, timeoutMs: SCAN_TIMEOUT_MS });
  await requireInSync(ctx, folderId, signal);
  const removed = await removeUnindexed(unindexed);
  if (removed > 0) await syncthing.scan(folderId, { signal, timeoutMs: SCAN_TIMEOUT_MS });
  await requireInSync(ctx, folderId, signal);
  const left = await pruneArchives({ archives, data, signal });
  for (const { archive: each } of left)
    await giveOwnCopies({ root: treeIn(each), scratch, syncFilesystems: ctx.syncFilesystems, signal });
  // From here on a pod may write into the live files in place.
  await ctx.syncFilesystems([directory], signal);
  const isEnded = await ctx.mutex.run(folderId, async () => {
    const now = await ctx.states.read(folderId);
    if (now === undefined) return false;
    const told = now.rejoined === undefined ? [] : await existing(archivesIn(now.rejoined));
    const ended = rejoined(now, { epoch, archives: [...told, ...left.map((each) => each.archive)] });
    if (ended !== now) await ctx.states.write(ended);
    return ended !== now;
  });
  if (!isEnded) return;
  ctx.log.warn({ folderId, kept: left, filesRemoved: deleted + removed }, 'a stale copy rejoined');
}

async function requireInSync(ctx: NodeContext, folderId: string, signal: AbortSignal): Promise<void> {
  const { state, needTotalItems, receiveOnlyTotalItems, errors } = await ctx.syncthing.folderStatus(
    folderId,
    { signal },
  );
  if (state === 'idle' && needTotalItems === 0 && receiveOnlyTotalItems === 0 && errors === 0) return;
  const counts = `${needTotalItems} item(s) to come, ${receiveOnlyTotalItems} changed here, ${errors} in error`;
  throw new NodeError(
    'inconsistent',
    `${folderId} on ${ctx.node} is not in sync with the volume yet (${state}: ${counts})`,
  );
}
