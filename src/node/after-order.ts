import { MARKER_ALONE, type FolderStatus } from '../syncthing/client.ts';
import type { NodeContext } from './context.ts';

/** Syncthing answers before it begins to revert or to override, so the barrier of one scan may come before it. */
const BARRIERS = 10;
const BARRIER_MS = 100;

/** The folder as it is once `isDone`, or as it still is after a second or more of asking. */
export async function afterOrder(
  { syncthing, clock }: Pick<NodeContext, 'syncthing' | 'clock'>,
  { folderId, isDone }: { readonly folderId: string; readonly isDone: (status: FolderStatus) => boolean },
  signal: AbortSignal,
): Promise<FolderStatus> {
  for (let barrier = 1; ; barrier += 1) {
    // A scan of what is never there waits for what the folder does.
    await syncthing.scan(folderId, { signal, sub: MARKER_ALONE });
    const status = await syncthing.folderStatus(folderId, { signal });
    if (isDone(status) || barrier === BARRIERS) return status;
    await clock.sleep(BARRIER_MS, signal);
  }
}
