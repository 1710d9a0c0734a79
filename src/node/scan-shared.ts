import type { NodeContext } from './context.ts';

/** A volume may be large and a disk slow. */
const TIMEOUT_MS = 30 * 60_000;

/**
 * Has a receiver scanned once more while peers that are to go still are on its list, so that what is only another inode,
 * or was touched since it came, is seen to be what they have (handoff rule 7). A scan that fails holds nobody back: what
 * keeps it from being made keeps the one after their going from being made as well.
 */
export async function scanShared(ctx: NodeContext, folderId: string, signal: AbortSignal): Promise<void> {
  const record = ctx.volumes.record(folderId);
  const { peersGo } = record;
  if (peersGo === undefined) return;
  try {
    await ctx.syncthing.scan(folderId, { signal, timeoutMs: TIMEOUT_MS });
  } catch (error) {
    signal.throwIfAborted();
    ctx.log.warn({ error, folderId }, 'a folder could not be scanned before its peers go');
  }
  // Else another order has come meanwhile, or another copy.
  if (record.peersGo === peersGo) record.peersGo = { ...peersGo, isScanned: true };
  ctx.wake.round('folders');
}
