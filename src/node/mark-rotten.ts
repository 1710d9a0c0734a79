/** Making Syncthing see that a file is not what its index says, so that it fetches it again (handoff rule 42). */
import { lstat, utimes } from 'node:fs/promises';
import path from 'node:path';
import { isMissing } from './errors.ts';
import type { NodeContext } from './context.ts';
import { readVolume } from './live-volume.ts';

const SCAN_TIMEOUT_MS = 30 * 60_000;

/**
 * Another time on the file, and a scan of it: it counts as changed on a receiver then, and the copy as no holder until
 * it is taken back. The caller holds no lock, no other job of the volume runs, and the names are in `scrub.json`. Safe
 * to repeat. Does nothing where the copy is in use now, or no other store has the volume.
 */
export async function markRotten(
  ctx: NodeContext,
  folderId: string,
  names: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  await ctx.mutex.run(folderId, async () => {
    if (!(await isIdleReceiver(ctx, folderId, signal)) || !(await isElsewhere(ctx, folderId, signal))) return;
    const touched: string[] = [];
    for (const name of names) if (await touch(ctx, folderId, name, signal)) touched.push(name);
    if (touched.length > 0)
      await ctx.syncthing.scan(folderId, { signal, sub: touched, timeoutMs: SCAN_TIMEOUT_MS });
  });
}

async function isIdleReceiver(ctx: NodeContext, folderId: string, signal: AbortSignal): Promise<boolean> {
  const state = await ctx.states.read(folderId);
  if (state === undefined || state.announcing === true) return false;
  if (state.phase.kind !== 'replica' && state.phase.kind !== 'released') return false;
  return (await ctx.syncthing.folder(folderId, { signal }))?.type === 'receiveonly';
}

/** The volume live: where this disk has become its last holder, a changed file would be announced as the truth. */
async function isElsewhere(ctx: NodeContext, folderId: string, signal: AbortSignal): Promise<boolean> {
  const { base, grant } = (await readVolume(ctx, folderId, signal)).status;
  if (grant !== undefined) return grant.node !== ctx.node;
  return base.holders.some(({ storeId }) => storeId !== ctx.store.storeId);
}

/** False where it is gone, or where nobody who is connected has it. */
async function touch(
  { syncthing, store, clock }: NodeContext,
  folderId: string,
  name: string,
  signal: AbortSignal,
): Promise<boolean> {
  const found = await syncthing.file(folderId, name, { signal });
  if (found === undefined || found.availability.length === 0) return false;
  const file = path.join(store.layout.volume(folderId).syncRoot, name);
  try {
    if (!(await lstat(file)).isFile()) return false;
    const now = new Date(clock.now());
    await utimes(file, now, now);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}
