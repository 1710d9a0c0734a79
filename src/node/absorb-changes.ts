/** Making directories count again that Syncthing 1.x takes for changed on a receiver (src/handoff/local.ts). */
import { announced, announcing } from '../handoff/disk-state.ts';
import { mayAnnounce } from '../handoff/local.ts';
import type { FileEntry } from '../syncthing/client.ts';
import type { NodeContext } from './context.ts';
import { NodeError } from './errors.ts';
import { revertChanges, takeBack } from './take-back.ts';

/** More than any folder has directories: the list is of one page. */
const ALL = 1_000_000;
const SCAN_TIMEOUT_MS = 30 * 60_000;

type Verdict =
  /** Another copy has it as it should be: reverting sets at most its mode and owner. */
  | 'revert'
  /** No copy has a version of it that counts: each took it for changed. Reverting would delete it where it is empty. */
  | 'announce'
  /** A file, a deletion: somebody's work behind Syncthing's back. */
  | 'keep';

function verdictOn(entry: FileEntry | undefined): Verdict {
  const { local, global } = entry ?? {};
  if (local?.isDirectory !== true || local.deleted) return 'keep';
  if (global?.isDirectory !== true || global.deleted) return 'keep';
  return global.invalid ? 'announce' : 'revert';
}

export interface Absorption {
  readonly folderId: string;
  /** Another copy has what was proven: what is somebody's work here may be taken back, its bytes kept. */
  readonly mayTakeBack: boolean;
}

/**
 * Deals with what counts as changed. Where that is more than directories, and there is nobody to have the volume's
 * files from, it stays as it is and is named (handoff rule 8).
 */
export async function absorbChanges(
  ctx: NodeContext,
  { folderId, mayTakeBack }: Absorption,
  signal: AbortSignal,
): Promise<void> {
  const { syncthing } = ctx;
  const names = await syncthing.localChanged(folderId, { signal, perPage: ALL });
  const byVerdict: Record<Verdict, string[]> = { revert: [], announce: [], keep: [] };
  for (const name of names) byVerdict[verdictOn(await syncthing.file(folderId, name, { signal }))].push(name);
  const [first] = byVerdict.keep;
  const isToBeAnnounced = byVerdict.announce.length > 0;
  if (first !== undefined) {
    if (!mayTakeBack || isToBeAnnounced)
      throw new NodeError('inconsistent', `${first} was changed on ${ctx.node} behind the volume's back`);
    return takeBack(ctx, { folderId, names: byVerdict.keep }, signal);
  }
  if (isToBeAnnounced) return beginAnnouncing(ctx, folderId);
  if (byVerdict.revert.length > 0) await revertChanges(ctx, folderId, signal);
}

async function beginAnnouncing(ctx: NodeContext, folderId: string): Promise<void> {
  const order = ctx.volumes.record(folderId).order?.spec;
  await ctx.mutex.run(folderId, async () => {
    const state = await ctx.states.read(folderId);
    if (order === undefined || state === undefined || !mayAnnounce(state, order)) {
      throw new NodeError(
        'inconsistent',
        `directories on ${ctx.node} count as changed until a holder announces them`,
      );
    }
    await ctx.states.write(announcing(state));
    ctx.log.info({ folderId }, 'directories are announced: no copy has a version of them that counts');
  });
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
    if (state !== undefined) await ctx.states.write(announced(state));
  });
}
