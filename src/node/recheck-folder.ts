import type { NodeContext } from './context.ts';

export interface RecheckOptions {
  readonly folderId: string;
  /** Its first scan failed as well, and is made good. */
  readonly isUnscanned: boolean;
}

/** A volume may be large and a disk slow. */
const TIMEOUT_MS = 30 * 60_000;

/**
 * Has Syncthing look whether it can work on a folder again that it gave up, for want of space for example. It does so
 * at the next scan only, and a receiver has none after its first. Fails with Syncthing's reason while that lasts.
 */
export async function recheckFolder(
  { syncthing }: Pick<NodeContext, 'syncthing'>,
  { folderId, isUnscanned }: RecheckOptions,
  signal: AbortSignal,
): Promise<void> {
  // The marker's directory is never part of an index: nothing is read but the folder's health.
  const part = isUnscanned ? {} : { sub: ['.stfolder'] };
  await syncthing.scan(folderId, { signal, timeoutMs: TIMEOUT_MS, ...part });
}
