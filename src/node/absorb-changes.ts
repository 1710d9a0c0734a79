/** Making directories count again that Syncthing 1.x takes for changed on a receiver (src/handoff/local.ts). */
import { announced, announcing } from '../handoff/disk-state.ts';
import { mayAnnounce } from '../handoff/local.ts';
import { isOnlyHolder } from '../handoff/session.ts';
import { MARKER_ALONE, type FileEntry } from '../syncthing/client.ts';
import type { NodeContext } from './context.ts';
import { NodeError } from './errors.ts';
import { placeOf, readVolume } from './live-volume.ts';
import { setAside } from './set-aside.ts';

/** More than any folder has directories: the list is of one page. */
const ALL = 1_000_000;
const SCAN_TIMEOUT_MS = 30 * 60_000;

type Verdict =
  /** Another copy has it as it should be: reverting sets at most its mode and owner. */
  | 'revert'
  /** No copy has a version of it that counts: each took it for changed. Reverting would delete it where it is empty. */
  | 'announce'
  /** A file of the only holder, whose disk is the truth: announced once it is sure that it is. */
  | 'tell'
  /** A file, a deletion: somebody's work behind Syncthing's back. */
  | 'keep';

function verdictOn({ local, global }: Partial<FileEntry>, isTruth: boolean): Verdict {
  if (local === undefined || local.deleted) return 'keep';
  const isShared = local.isDirectory && global?.isDirectory === true && !global.deleted;
  if (isShared) return global.invalid ? 'announce' : 'revert';
  return isTruth ? 'tell' : 'keep';
}

export interface AbsorbOptions {
  readonly folderId: string;
  /** Another holder of the lineage is there to take the files back from. */
  readonly mayRevert: boolean;
  /** This is the only holder: its files are announced as they are. */
  readonly isTruth: boolean;
}

/**
 * Deals with what counts as changed. Directories alone are taken back or announced. What is somebody's work is kept in
 * the archive before the lineage's version takes its place; where no other copy has that, it stays as it is, and is
 * named (handoff rule 8).
 */
export async function absorbChanges(
  ctx: NodeContext,
  { folderId, mayRevert, isTruth }: AbsorbOptions,
  signal: AbortSignal,
): Promise<void> {
  const { syncthing } = ctx;
  const names = await syncthing.localChanged(folderId, { signal, perPage: ALL });
  const verdicts = new Set<Verdict>();
  for (const name of names) {
    const verdict = verdictOn((await syncthing.file(folderId, name, { signal })) ?? {}, isTruth);
    if (verdict === 'keep' && mayRevert) return giveUpChanges(ctx, { folderId, names }, signal);
    if (verdict === 'keep')
      throw new NodeError('inconsistent', `${name} was changed on ${ctx.node} behind the volume's back`);
    verdicts.add(verdict);
  }
  if (verdicts.has('tell')) await requireTruth(ctx, folderId, signal);
  if (verdicts.has('tell') || verdicts.has('announce')) return beginAnnouncing(ctx, folderId);
  if (verdicts.has('revert')) await revert(ctx, folderId, signal);
}

/** An order may be old, and what is announced beside a writer would mix with what it writes. */
async function requireTruth(ctx: NodeContext, folderId: string, signal: AbortSignal): Promise<void> {
  if (isOnlyHolder(await readVolume(ctx, folderId, signal), placeOf(ctx))) return;
  throw new NodeError('inconsistent', `files on ${ctx.node} were changed behind the volume's back`);
}

interface Changes {
  readonly folderId: string;
  readonly names: readonly string[];
}

async function giveUpChanges(
  ctx: NodeContext,
  { folderId, names }: Changes,
  signal: AbortSignal,
): Promise<void> {
  const { layout } = ctx.store;
  const archive = layout.archiveOfChanges(folderId, ctx.clock.now());
  const kept = await setAside({ root: layout.volume(folderId).syncRoot, archive, names });
  ctx.log.warn({ folderId, archive, kept }, 'changes made behind the volume are kept and taken back');
  await revert(ctx, folderId, signal);
}

async function revert(
  { syncthing, node }: NodeContext,
  folderId: string,
  signal: AbortSignal,
): Promise<void> {
  await syncthing.revert(folderId, { signal });
  // It is asynchronous; a scan waits for it.
  await syncthing.scan(folderId, { signal, sub: MARKER_ALONE });
  const { receiveOnlyTotalItems: left } = await syncthing.folderStatus(folderId, { signal });
  if (left > 0)
    throw new NodeError('inconsistent', `${left} item(s) still count as changed on ${node} after a revert`);
}

async function beginAnnouncing(ctx: NodeContext, folderId: string): Promise<void> {
  const order = ctx.volumes.record(folderId).order?.spec;
  await ctx.mutex.run(folderId, async () => {
    const state = await ctx.states.read(folderId);
    if (order === undefined || state === undefined || !mayAnnounce(state, order)) {
      throw new NodeError('inconsistent', `what changed on ${ctx.node} stays so until a holder announces it`);
    }
    await ctx.states.write(announcing(state));
    ctx.log.info({ folderId }, 'what is here is announced: no copy has a version of it that counts');
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
