/** What planLocal decides on, read now (src/handoff/local.ts). */
import { access } from 'node:fs/promises';
import type { FolderReport } from '../desired/replica.ts';
import type { DiskState } from '../handoff/disk-state.ts';
import type { LocalView } from '../handoff/local.ts';
import type { NodeContext } from './context.ts';
import { isMissing } from './errors.ts';
import { isScanDue } from './peers-go.ts';
import { volumeMounts } from './volume-mounts.ts';

/**
 * The caller holds the volume's mutex, so that state.json and the mounts are of one moment; the folder was observed
 * before, and only what comes back on its own is decided by it.
 */
export async function localView(
  ctx: NodeContext,
  state: DiskState,
  folder: FolderReport | undefined,
): Promise<LocalView> {
  const { folderId } = state;
  const record = ctx.volumes.record(folderId);
  const { order, scan, stagedAt, versionsDropped } = record;
  const mounts = await volumeMounts(ctx, folderId);
  const now = ctx.clock.now();
  return {
    node: ctx.node,
    state: await withoutRemovedArchive(state),
    ...(order !== undefined && { order: order.spec }),
    podMounts: mounts.pods,
    stagingMounts: mounts.staging,
    ...(folder !== undefined && { folder }),
    ...(scan !== undefined && { scan }),
    ...(versionsDropped !== undefined && { versionsDropped }),
    // Syncthing counts its sequence up for every change that it notices.
    changedSinceScan: scan === undefined || (folder !== undefined && folder.sequence > scan.sequence),
    isWanted: ctx.wanted.isWanted(folderId),
    isWantedToRead: ctx.wanted.isWanted(folderId, 'read'),
    isAwaitingPublish: stagedAt !== undefined && now - stagedAt < ctx.settings.publishGraceMs,
    isPeerLeaving: isScanDue(record),
    now,
    settings: ctx.settings.handoff,
  };
}

/** A person took out of the archive what was wanted and removed the rest: there is nothing to point at any more. */
async function withoutRemovedArchive(state: DiskState): Promise<DiskState> {
  const archive = state.rejoined?.archive ?? '';
  if (state.rejoined === undefined || archive === '') return state;
  try {
    await access(archive);
    return state;
  } catch (error) {
    if (!isMissing(error)) throw error;
    return { ...state, rejoined: { ...state.rejoined, archive: '' } };
  }
}
