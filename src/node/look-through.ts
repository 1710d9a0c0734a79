/** The scan of a copy before its node begins to write it: nobody else scans a receiver (handoff rule 11). */
import type { NodeContext } from './context.ts';
import { revertChanges } from './give-up-changes.ts';
import { judgeChanges } from './judge-changes.ts';
import { messageOf } from '../runtime/apply-actions.ts';

/** A volume may be large and a disk slow: the scan outlives the call that began it, and the next one finds it. */
const TIMEOUT_MS = 30 * 60_000;
/** A scan of a few thousand files is waited for, since coming again takes longer. */
const MOMENT_MS = 2_000;

/**
 * What was deleted or edited here by hand since the last scan would become the volume's as soon as the folder is a
 * writer's, on every node. Undefined when a scan that began for `right`, be it the request for one, has ended, whatever it found: that
 * counts as changed now. Else why not, for people; the volume's waiters are woken when it has.
 */
export async function lookThrough(
  ctx: NodeContext,
  folderId: string,
  right: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const record = ctx.volumes.record(folderId);
  if (record.look?.right !== right || record.look.problem !== undefined)
    await begin(ctx, folderId, right, signal);
  const { look } = ctx.volumes.record(folderId);
  if (look?.problem !== undefined)
    return `the files on ${ctx.node} could not be looked through: ${look.problem}`;
  return look?.isDone === true
    ? undefined
    : `${ctx.node} looks through its files for what was changed by hand`;
}

async function begin(ctx: NodeContext, folderId: string, right: string, signal: AbortSignal): Promise<void> {
  const record = ctx.volumes.record(folderId);
  record.look = { right, isDone: false };
  const scanning = scan(ctx, folderId, right);
  const enough = new AbortController();
  const moment = ctx.clock.sleep(MOMENT_MS, AbortSignal.any([signal, enough.signal])).catch(() => undefined);
  await Promise.race([scanning, moment]);
  enough.abort();
  signal.throwIfAborted();
}

/**
 * Syncthing 1.x takes directories for changed into which it put something itself: with nothing else changed they are
 * taken back at once, or a grant would be given back, and asked for again, after most moves. Whatever is left decides.
 */
async function revertDirectories(ctx: NodeContext, folderId: string, signal: AbortSignal): Promise<void> {
  const judging = { folderId, mayRepair: false, isTruth: false, seesAll: false, isShared: false };
  try {
    const { revert, ...others } = await judgeChanges(ctx, judging, signal);
    const isAlone = Object.values(others).every(({ count }) => count === 0);
    if (revert.count > 0 && isAlone) await revertChanges(ctx, folderId, signal);
  } catch (error) {
    ctx.log.warn({ error, folderId }, 'directories that count as changed could not be taken back');
  }
}

async function scan(ctx: NodeContext, folderId: string, right: string): Promise<void> {
  const record = ctx.volumes.record(folderId);
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const problem = await ctx.syncthing
    .scan(folderId, { signal, timeoutMs: TIMEOUT_MS })
    .then(() => undefined, messageOf);
  if (problem === undefined) await revertDirectories(ctx, folderId, signal);
  if (record.look?.right !== right) return;
  record.look = { right, isDone: problem === undefined, ...(problem === undefined ? {} : { problem }) };
  ctx.volumes.changed(folderId);
}
