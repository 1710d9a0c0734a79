/** What planLocal decides on, read now (src/handoff/local.ts). */
import type { FolderReport } from '../desired/replica.ts';
import { archivesFrom, archivesIn } from '../handoff/archives.ts';
import { type DiskState } from '../handoff/disk-state.ts';
import type { LocalView } from '../handoff/local.ts';
import type { NodeContext } from './context.ts';
import { existing } from './exists.ts';
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
    state: await withoutRemovedArchives(state),
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

/** A person took out of an archive what was wanted and removed the rest: there is nothing to point at any more. */
async function withoutRemovedArchives(state: DiskState): Promise<DiskState> {
  if (state.rejoined === undefined) return state;
  const { epoch, ...archives } = state.rejoined;
  const there = await existing(archivesIn(archives));
  return { ...state, rejoined: { epoch, ...archivesFrom(there) } };
}
