import { MARKER_ALONE } from '../syncthing/client.ts';
import type { NodeContext } from './context.ts';

export interface RecheckOptions {
  readonly folderId: string;
  /** Its first scan failed as well, and is made good. */
  readonly isUnscanned: boolean;
}

/**
 * Has Syncthing look whether it can work on a folder again that it gave up, for want of space for example. It does so
 * at the next scan only, and a receiver has none after its first. Fails with Syncthing's reason while that lasts.
 */
export async function recheckFolder(
  { syncthing }: Pick<NodeContext, 'syncthing'>,
  { folderId, isUnscanned }: RecheckOptions,
  signal: AbortSignal,
): Promise<void> {
  await syncthing.scan(folderId, isUnscanned ? { signal } : { signal, sub: MARKER_ALONE });
}
