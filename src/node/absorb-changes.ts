/**
 * What becomes of what Syncthing takes for changed on a receiver: taken back, announced, or left and named. In 1.x that
 * is also directories that nobody touched (src/handoff/local.ts).
 */
import { announced as afterAnnouncing } from '../handoff/disk-state.ts';
import { isOnlyHolder } from '../handoff/session.ts';
import { isShared } from '../handoff/writing.ts';
import { beginAnnouncing } from './begin-announcing.ts';
import type { NodeContext } from './context.ts';
import { NodeError } from './errors.ts';
import { giveUpChanges, revertChanges } from './give-up-changes.ts';
import { besidesRepairs, judgeChanges, type Judged, type JudgeOptions } from './judge-changes.ts';
import { placeOf, readVolume } from './live-volume.ts';
import { seesEveryCopy } from './sees-every-copy.ts';

const SCAN_TIMEOUT_MS = 30 * 60_000;

export interface AbsorbOptions extends Omit<JudgeOptions, 'isShared'> {
  /** Another holder of the lineage is there to take the files back from. */
  readonly mayRevert: boolean;
}

/**
 * Deals with what counts as changed. Directories alone are taken back or announced. What is somebody's work is kept in
 * the archive before the lineage's version takes its place; where no other copy has that, it stays as it is, and is
 * named (handoff rule 8). So does what a scrub marked, while anything else would be taken back with it (rule 42). A
 * conflict copy is announced, since no other copy may have what it keeps (rule 37).
 */
export async function absorbChanges(
  ctx: NodeContext,
  options: AbsorbOptions,
  signal: AbortSignal,
): Promise<void> {
  const { folderId, mayRevert } = options;
  const copies = copiesOf(ctx, folderId);
  const seesAll = options.isTruth && options.seesAll && (await seesEveryCopy(ctx, copies, signal));
  const judging = { ...options, seesAll, isShared: copies.isShared };
  const found = await judgeAll(ctx, judging, signal);
  const stuck = found.repair.count > 0 ? besidesRepairs(found) : found.keep.first;
  if (stuck !== undefined && !mayRevert)
    throw new NodeError('inconsistent', `${stuck} was changed on ${ctx.node} behind the volume's back`);
  // A revert takes away all that only this copy has, so that it goes to the archive with the others.
  if (found.repair.count + found.keep.count > 0) return giveUpChanges(ctx, folderId, signal);
  if (found.tell.count > 0) await requireTruth(ctx, copies, { seesAll, signal });
  if (announced(found) > 0) {
    const refusal = `what changed on ${ctx.node} stays so until a holder announces it`;
    const what = 'what is here is announced: no copy has a version of it that counts';
    return beginAnnouncing(ctx, { folderId, what, refusal });
  }
  if (found.revert.count > 0) await revertChanges(ctx, folderId, signal);
}

/**
 * What is announced is whatever the folder's next scans find, so that nothing else may be there to be found: nobody scans
 * a receiver, and what somebody deleted from it by hand since its last scrub would be deleted on every copy.
 */
async function judgeAll(ctx: NodeContext, options: JudgeOptions, signal: AbortSignal): Promise<Judged> {
  const found = await judgeChanges(ctx, options, signal);
  if (found.repair.count + found.keep.count > 0 || announced(found) === 0) return found;
  await ctx.syncthing.scan(options.folderId, { signal, timeoutMs: SCAN_TIMEOUT_MS });
  return judgeChanges(ctx, options, signal);
}

function announced({ tell, announce, conflict }: Judged): number {
  return tell.count + announce.count + conflict.count;
}

type Copies = Parameters<typeof seesEveryCopy>[1] & { readonly isShared: boolean };

function copiesOf({ volumes }: NodeContext, folderId: string): Copies {
  const order = volumes.record(folderId).order?.spec;
  return { folderId, peers: order?.peers ?? [], isShared: isShared(order) };
}

/**
 * An order may be old, and what is announced beside a writer would mix with what it writes. Nor did a copy that went away
 * while it was asked for its files say that it has none.
 */
async function requireTruth(
  ctx: NodeContext,
  copies: Copies,
  { seesAll, signal }: { readonly seesAll: boolean; readonly signal: AbortSignal },
): Promise<void> {
  if (!isOnlyHolder(await readVolume(ctx, copies.folderId, signal), placeOf(ctx)))
    throw new NodeError('inconsistent', `files on ${ctx.node} were changed behind the volume's back`);
  if (seesAll && !(await seesEveryCopy(ctx, copies, signal)))
    throw new NodeError('inconsistent', `another copy of what was changed on ${ctx.node} went away`);
}

/** The folder has writer type now: a scan gives its directories versions that count, and they are sent. */
export async function announceDirectories(
  ctx: NodeContext,
  folderId: string,
  signal: AbortSignal,
): Promise<void> {
  await ctx.syncthing.scan(folderId, { signal, timeoutMs: SCAN_TIMEOUT_MS });
  await ctx.mutex.run(folderId, async () => {
    const state = await ctx.states.read(folderId);
    if (state !== undefined) await ctx.states.write(afterAnnouncing(state));
  });
}
