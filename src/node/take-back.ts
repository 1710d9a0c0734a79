/** After a failover: files come back that the lost writer deleted and nothing had proved (handoff rule 28). */
import { link } from 'node:fs/promises';
import path from 'node:path';
import { announced, tookBack } from '../handoff/disk-state.ts';
import type { ProvenState } from '../handoff/taken-back.ts';
import { bytePath } from '../metadata/byte-path.ts';
import { parentOf } from '../metadata/entry.ts';
import { OpenTree } from '../metadata/open-tree.ts';
import { beginAnnouncing } from './begin-announcing.ts';
import type { NodeContext } from './context.ts';
import { NodeError } from './errors.ts';
import { unprovenDeletions, type UnprovenDeletion } from './unproven-deletions.ts';
import type { FileVersion } from './version-name.ts';

export interface TakeBackOptions {
  readonly folderId: string;
  /** The lineage that goes on from this copy. */
  readonly epoch: number;
  readonly proven: ProvenState;
}

const SCAN_TIMEOUT_MS = 30 * 60_000;

/**
 * Where there is something to put back, the folder gets writer type first: what a receiver finds is announced later in a
 * version that drops all other devices, and Syncthing 2 lets a deletion that another copy has applied win over that. With
 * writer type the file's version goes on from the deletion's. What counts as changed already would be announced as well,
 * so that such a copy puts files back as a receiver, and what becomes of them is decided with the rest.
 */
export async function takeBack(
  ctx: NodeContext,
  options: TakeBackOptions,
  signal: AbortSignal,
): Promise<void> {
  const { folderId, epoch, proven } = options;
  const { syncRoot } = ctx.store.layout.volume(folderId);
  const versions = path.join(syncRoot, '.stversions');
  const isAnnouncing = (await ctx.states.read(folderId))?.announcing === true;
  using tree = new OpenTree(syncRoot);
  const deletions = await unprovenDeletions(ctx, { folderId, proven, tree, versions }, signal);
  if (deletions.length > 0 && !isAnnouncing && (await isUnchanged(ctx, folderId, signal)))
    // The plan asks for the files again once the folder has the type (src/handoff/local.ts).
    return beginAnnouncing(ctx, {
      folderId,
      what: 'files that the lost writer deleted are to come back: they are announced',
      refusal: `${ctx.node} may not speak for the volume any more`,
    });
  const back: PuttingBack = { folderId, epoch, deletions, tree, versions };
  // While it announces, all may be back since before a crash, and the scan still be to come.
  if (isAnnouncing) await whileWriterType(ctx, folderId, signal, () => putAllBack(ctx, back, signal));
  else if (deletions.length > 0) await putAllBack(ctx, back, signal);
  await ctx.mutex.run(folderId, async () => {
    const state = await ctx.states.read(folderId);
    if (state !== undefined) await ctx.states.write(tookBack(announced(state), epoch));
  });
}

/** What is announced is whatever the next scans find: nothing else may be there to be found (handoff rule 24). */
async function isUnchanged(
  { syncthing }: NodeContext,
  folderId: string,
  signal: AbortSignal,
): Promise<boolean> {
  await syncthing.scan(folderId, { signal, timeoutMs: SCAN_TIMEOUT_MS });
  return (await syncthing.folderStatus(folderId, { signal })).receiveOnlyTotalItems === 0;
}

/** The order may end it at any time, and a receiver's scan is none that counts. */
async function whileWriterType(
  { syncthing, node }: NodeContext,
  folderId: string,
  signal: AbortSignal,
  work: () => Promise<void>,
): Promise<void> {
  const check = async (): Promise<void> => {
    const type = (await syncthing.folder(folderId, { signal }))?.type;
    if (type !== 'sendreceive')
      throw new NodeError('inconsistent', `the folder of ${folderId} on ${node} has no writer type`);
  };
  await check();
  await work();
  await check();
}

interface PuttingBack {
  readonly folderId: string;
  readonly epoch: number;
  readonly deletions: readonly UnprovenDeletion[];
  readonly tree: OpenTree;
  readonly versions: string;
}

/** In Syncthing's index as well when it returns. */
async function putAllBack(
  ctx: NodeContext,
  { folderId, epoch, deletions, tree, versions }: PuttingBack,
  signal: AbortSignal,
): Promise<void> {
  let count = 0;
  for (const { version, isBack } of deletions)
    if (!isBack && (await putBack(ctx, tree, version, versions))) count += 1;
  await ctx.syncFilesystems([ctx.store.layout.volume(folderId).data], signal);
  await ctx.syncthing.scan(folderId, { signal, timeoutMs: SCAN_TIMEOUT_MS });
  if (count === 0) return;
  ctx.log.warn({ folderId, epoch, count }, 'files are back that the lost writer deleted and nothing proved');
}

/**
 * The version stays where it is, under a second name: whoever looks for an older state of the file finds it. No link is
 * followed to where it was: the lost writer's pod may have put one there that leads into another volume. One that cannot
 * be put back is named, and keeps nobody from the volume: its bytes stay among the versions.
 */
async function putBack(
  { log }: NodeContext,
  tree: OpenTree,
  { file, name }: FileVersion,
  versions: string,
): Promise<boolean> {
  try {
    await link(path.join(versions, file), placeFor(tree, bytePath(name)));
    return true;
  } catch (error) {
    log.error({ error, file, name }, 'a deleted file could not be put back; it is in .stversions');
    return false;
  }
}

function placeFor(tree: OpenTree, target: string): Buffer {
  const place = tree.make(parentOf(target)) ? tree.reach(target) : undefined;
  if (place !== undefined) return place;
  throw new NodeError('inconsistent', 'something that is no directory has come in place of one above it');
}
