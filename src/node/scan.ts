/** The scan that can prove something (handoff rules 18 to 20). */
import type { FolderType } from '../desired/replica.ts';
import type { LocalScan } from '../handoff/local.ts';
import { scanProves } from '../handoff/session.ts';
import type { Clock } from '../runtime/clock.ts';
import type { FolderStatus, SyncthingClient } from '../syncthing/client.ts';
import { isSender } from '../syncthing/folder-config.ts';
import { afterOrder } from './after-order.ts';
import type { NodeContext } from './context.ts';

export interface ScanRequest {
  readonly folderId: string;
  readonly epoch: number;
  readonly session: number;
  /** No pod has the volume mounted. */
  readonly afterUnmount: boolean;
  /** Others write as well (handoff rule 37). */
  readonly isShared: boolean;
}

/** A volume may be large and a disk slow; the scan is asked for again afterwards. */
const TIMEOUT_MS = 30 * 60_000;

/**
 * Scans the whole folder. What was written before it began is on the disk (syncfs) and in the index when it ends, up to
 * the sequence that is read after it. It proves only if the folder had writer type all along, and nothing is in error.
 */
export async function scanFolder(
  ctx: NodeContext,
  request: ScanRequest,
  signal: AbortSignal,
): Promise<LocalScan> {
  const { syncthing, clock, store, volumes } = ctx;
  const { folderId, epoch, session, afterUnmount, isShared } = request;
  const { index } = volumes.record(folderId);
  const typeBefore = await typeOf(syncthing, folderId, signal);
  const { startTime } = await syncthing.systemStatus({ signal });
  await ctx.syncFilesystems([store.layout.volume(folderId).syncRoot], signal);
  const startedAt = clock.now();
  await syncthing.scan(folderId, { signal, timeoutMs: TIMEOUT_MS });
  const status = await overrideNeeds(ctx, { folderId, startTime }, signal);
  const { sequence } = await syncthing.completion(folderId, { signal });
  const proves = scanProves({
    typeBefore,
    typeAfter: await typeOf(syncthing, folderId, signal),
    errors: status.errors + (status.error === undefined ? 0 : 1),
    needItems: status.needTotalItems,
    receiveOnlyItems: status.receiveOnlyTotalItems,
    isShared,
  });
  const scan = { epoch, session, sequence, afterUnmount, proves, ...timesOf(clock, startedAt) };
  return index === undefined ? scan : { ...scan, index };
}

/**
 * What other copies have otherwise than the only writer, as after its database was lost: its disk is right, so that its
 * files, and what it lacks, get versions that follow. Only after a scan without errors, which has seen every file: what
 * the index does not have is announced as deleted.
 */
async function overrideNeeds(
  ctx: NodeContext,
  { folderId, startTime }: { readonly folderId: string; readonly startTime: string },
  signal: AbortSignal,
): Promise<FolderStatus> {
  const { syncthing, log } = ctx;
  const status = await syncthing.folderStatus(folderId, { signal });
  const { needTotalItems: items, errors, error } = status;
  if (items === 0 || errors > 0 || error !== undefined) return status;
  if ((await syncthing.folder(folderId, { signal }))?.type !== 'sendonly') return status;
  // A daemon that began anew since may not have looked through its files.
  if ((await syncthing.systemStatus({ signal })).startTime !== startTime) return status;
  log.warn({ folderId, items }, 'other copies have files otherwise: they get those of the writer');
  await syncthing.override(folderId, { signal });
  return afterOrder(ctx, { folderId, isDone: ({ needTotalItems }) => needTotalItems === 0 }, signal);
}

async function typeOf(
  syncthing: SyncthingClient,
  folderId: string,
  signal: AbortSignal,
): Promise<FolderType | undefined> {
  const type = (await syncthing.folder(folderId, { signal }))?.type;
  if (type === undefined) return undefined;
  return isSender(type) ? 'sendreceive' : 'receiveonly';
}

function timesOf(
  clock: Clock,
  startedAt: number,
): Pick<LocalScan, 'startedAt' | 'finishedAt' | 'durationMs'> {
  const finishedAt = clock.now();
  return { startedAt: new Date(startedAt).toISOString(), finishedAt, durationMs: finishedAt - startedAt };
}
