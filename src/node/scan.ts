/** The scan that can prove something (handoff rules 18 to 20). */
import type { FolderType } from '../desired/replica.ts';
import type { LocalScan } from '../handoff/local.ts';
import { scanProves } from '../handoff/session.ts';
import type { Clock } from '../runtime/clock.ts';
import type { SyncthingClient } from '../syncthing/client.ts';
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
  await ctx.syncFilesystems([store.layout.volume(folderId).syncRoot], signal);
  const startedAt = clock.now();
  await syncthing.scan(folderId, { signal, timeoutMs: TIMEOUT_MS });
  const status = await syncthing.folderStatus(folderId, { signal });
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

async function typeOf(
  syncthing: SyncthingClient,
  folderId: string,
  signal: AbortSignal,
): Promise<FolderType | undefined> {
  const type = (await syncthing.folder(folderId, { signal }))?.type;
  return type === undefined || type === 'sendreceive' ? type : 'receiveonly';
}

function timesOf(
  clock: Clock,
  startedAt: number,
): Pick<LocalScan, 'startedAt' | 'finishedAt' | 'durationMs'> {
  const finishedAt = clock.now();
  return { startedAt: new Date(startedAt).toISOString(), finishedAt, durationMs: finishedAt - startedAt };
}
