/** Replacing what was changed behind the volume's back by what was proven (handoff rules 8 and 40). */
import { link, lstat, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { makeDirectoryDurably } from '../runtime/durable-file.ts';
import type { NodeContext } from './context.ts';
import { isMissing, NodeError } from './errors.ts';
import { pruneArchive } from './prune-archive.ts';
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
 * Syncthing takes back the changes and fetches what it lacks, and what turns out to be the same goes from the archive:
 * Syncthing also takes a time, an owner or a mode for a change.
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
    const isFetched = await untilFetched(ctx, folderId, signal);
    return isFetched && count > 0 ? pruneKept(ctx, { folderId, archive }, signal) : count;
  });
  ctx.log.warn({ folderId, names, archive, kept }, 'changes made behind the volume are taken back');
  const some =
    names.slice(0, TOLD).join(', ') + (names.length > TOLD ? ` and ${names.length - TOLD} more` : '');
  const where = kept === 0 ? '' : `; what was here is kept in ${archive}`;
  const message = `${some} on ${ctx.node} differed from what was proven and comes again from another copy${where}`;
  tellOfReplica(ctx, folderId, { type: 'Warning', reason: 'TakenBack', message });
}

interface Kept {
  readonly folderId: string;
  readonly archive: string;
}

function pruneKept(ctx: NodeContext, { folderId, archive }: Kept, signal: AbortSignal): Promise<number> {
  const { data } = ctx.store.layout.volume(folderId);
  return pruneArchive({ archive, kept: path.join(archive, path.basename(data)), data, signal });
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
  { syncthing, clock }: NodeContext,
  folderId: string,
  signal: AbortSignal,
): Promise<boolean> {
  const end = clock.now() + FETCH_MS;
  while (clock.now() < end) {
    if ((await syncthing.folderStatus(folderId, { signal })).needTotalItems === 0) return true;
    await clock.sleep(BARRIER_MS, signal);
  }
  return false;
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
