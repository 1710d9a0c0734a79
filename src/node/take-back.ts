/** Replacing what was changed behind the volume's back by what was proven (handoff rules 8 and 40). */
import { link, lstat, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { makeDirectoryDurably } from '../runtime/durable-file.ts';
import type { NodeContext } from './context.ts';
import { isMissing, NodeError } from './errors.ts';
import { tellOfReplica } from './tell.ts';

export interface TakeBack {
  readonly folderId: string;
  /** Relative to Syncthing's root: files and links that differ, and those that are gone. */
  readonly names: readonly string[];
}

/** Names in a message; the rest is a number. */
const TOLD = 5;

/**
 * What is here goes to the archive first, by a second name: Syncthing replaces files and never writes into one. Then
 * Syncthing takes back the changes and fetches what it lacks.
 */
export async function takeBack(
  ctx: NodeContext,
  { folderId, names }: TakeBack,
  signal: AbortSignal,
): Promise<void> {
  const archive = ctx.store.layout.changedArchiveOf(folderId, ctx.clock.now());
  const kept = await ctx.mutex.run(folderId, async () => {
    await requireReceiver(ctx, folderId);
    const count = await keepAll(ctx, { folderId, names, archive });
    if (count > 0) await ctx.syncFilesystems([archive], signal);
    await revertChanges(ctx, folderId, signal);
    await untilFetched(ctx, folderId, signal);
    return count;
  });
  const some =
    names.slice(0, TOLD).join(', ') + (names.length > TOLD ? ` and ${names.length - TOLD} more` : '');
  const where = kept === 0 ? '' : `; what was here is kept in ${archive}`;
  const message = `${some} on ${ctx.node} differed from what was proven and comes again from another copy${where}`;
  ctx.log.warn({ folderId, names, archive }, 'changes made behind the back of the volume are taken back');
  tellOfReplica(ctx, folderId, { type: 'Warning', reason: 'TakenBack', message });
}

/** Nobody became the writer since it was decided: what a pod wrote is never taken back. */
async function requireReceiver(ctx: NodeContext, folderId: string): Promise<void> {
  const state = await ctx.states.read(folderId);
  const isReceiver =
    state !== undefined &&
    state.announcing !== true &&
    state.phase.kind !== 'writer' &&
    state.phase.kind !== 'rejoining';
  if (!isReceiver) throw new NodeError('inconsistent', `${folderId} on ${ctx.node} is no mere copy any more`);
}

async function keepAll(
  ctx: NodeContext,
  { folderId, names, archive }: TakeBack & { readonly archive: string },
): Promise<number> {
  const { syncRoot } = ctx.store.layout.volume(folderId);
  let kept = 0;
  for (const name of names) {
    const file = path.join(syncRoot, name);
    if (!file.startsWith(`${syncRoot}/`) || !(await isFileLike(file))) continue;
    const target = path.join(archive, name);
    if (kept === 0) await makeDirectoryDurably(archive);
    await mkdir(path.dirname(target), { recursive: true, mode: 0o700 });
    await link(file, target);
    kept += 1;
  }
  return kept;
}

/** A directory has nothing to keep but what is in it, which is named by itself. */
async function isFileLike(file: string): Promise<boolean> {
  try {
    return !(await lstat(file)).isDirectory();
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** So long a pod that is about to come waits for what is fetched again; a large file goes on coming under it. */
const FETCH_MS = 30_000;

async function untilFetched(
  { syncthing, volumes, node, clock }: NodeContext,
  folderId: string,
  signal: AbortSignal,
): Promise<void> {
  if (volumes.record(folderId).order?.spec.grant?.node !== node) return;
  const end = clock.now() + FETCH_MS;
  while (clock.now() < end) {
    if ((await syncthing.folderStatus(folderId, { signal })).needTotalItems === 0) return;
    await clock.sleep(BARRIER_MS, signal);
  }
}

/** Syncthing answers before it begins to revert, so the barrier of one scan may come before it. */
const BARRIERS = 10;
const BARRIER_MS = 100;

export async function revertChanges(
  { syncthing, node, clock }: NodeContext,
  folderId: string,
  signal: AbortSignal,
): Promise<void> {
  await syncthing.revert(folderId, { signal });
  let left = 0;
  for (let barrier = 0; barrier < BARRIERS; barrier += 1) {
    // A scan of what is never there waits for what the folder does.
    await syncthing.scan(folderId, { signal, sub: ['.stfolder'] });
    ({ receiveOnlyTotalItems: left } = await syncthing.folderStatus(folderId, { signal }));
    if (left === 0) return;
    await clock.sleep(BARRIER_MS, signal);
  }
  throw new NodeError('inconsistent', `${left} item(s) still count as changed on ${node} after a revert`);
}
