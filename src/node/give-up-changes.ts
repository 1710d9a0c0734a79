/** Replacing what was changed behind the volume's back by what was proven (handoff rules 8 and 42). */
import { underRepair } from '../desired/plan-scrub.ts';
import type { FolderStatus } from '../syncthing/client.ts';
import { isWriting } from '../handoff/writing.ts';
import { afterOrder } from './after-order.ts';
import { changedNames } from './changed-names.ts';
import { deletedElsewhere } from './deleted-elsewhere.ts';
import type { NodeContext } from './context.ts';
import { NodeError } from './errors.ts';
import { isDeletedElsewhere, isElsewhere } from './judge-changes.ts';
import { pruneArchive } from './prune-archive.ts';
import { removeDeleted } from './remove-deleted.ts';
import { setAside } from './set-aside.ts';
import { tellOfReplica } from './tell.ts';

/** Names in a message; the rest is a number. */
const TOLD = 5;

/**
 * What is here goes to the archive first, by a second name: Syncthing replaces files and never writes into one. That is
 * all that counts as changed, since a revert is of the whole folder. What the volume deleted goes before that: Syncthing
 * would keep it where the deletion knows more of this node than its own index. Then it takes back the changes and fetches
 * what it lacks, and what turns out to be the same goes from the archive: Syncthing also takes a time, an owner or a mode
 * for a change.
 */
export async function giveUpChanges(ctx: NodeContext, folderId: string, signal: AbortSignal): Promise<void> {
  const { layout } = ctx.store;
  const archive = layout.archiveOfChanges(folderId, ctx.clock.now());
  const root = layout.volume(folderId).syncRoot;
  const { some, kept } = await ctx.mutex.run(folderId, async () => {
    await requireReceiver(ctx, folderId);
    const aside = await setAllAside(ctx, { folderId, root, archive }, signal);
    if (aside.kept > 0) await ctx.syncFilesystems([archive], signal);
    await requireElsewhere(ctx, { folderId, names: aside.marked }, signal);
    const deleted = aside.kept > 0 ? await deletedNames(ctx, folderId, signal) : [];
    for (const names of deleted)
      await removeDeleted(ctx.syncthing, { folderId, root, archive, names }, signal);
    await revertChanges(ctx, folderId, signal);
    const isFetched = await untilFetched(ctx, folderId, signal);
    const isPrunable = isFetched && aside.kept > 0;
    return {
      some: described(aside),
      kept: isPrunable ? await pruneArchive({ archive, kept: archive, data: root, signal }) : aside.kept,
    };
  });
  ctx.log.warn({ folderId, some, archive, kept }, 'changes made behind the volume are taken back');
  const where = kept === 0 ? '' : `; what was here is kept in ${archive}`;
  const message = `${some} on ${ctx.node} differed from what was proven and comes again from another copy${where}`;
  tellOfReplica(ctx, folderId, { type: 'Warning', reason: 'TakenBack', message });
}

interface Aside {
  /** Files and links that have a second name now. */
  readonly kept: number;
  /** All that counts as changed, with what is gone and directories. */
  readonly count: number;
  /** The first few of these, for people. */
  readonly first: readonly string[];
  /** Those that a scrub marked. */
  readonly marked: readonly string[];
}

async function setAllAside(
  ctx: NodeContext,
  { folderId, ...to }: { readonly folderId: string; readonly root: string; readonly archive: string },
  signal: AbortSignal,
): Promise<Aside> {
  const underway = new Set(underRepair(await ctx.scrubs.read(folderId)));
  let aside: Aside = { kept: 0, count: 0, first: [], marked: [] };
  for await (const names of changedNames(ctx, { folderId }, signal)) {
    aside = {
      kept: aside.kept + (await setAside({ ...to, names })),
      count: aside.count + names.length,
      first: aside.first.length === 0 ? names.slice(0, TOLD) : aside.first,
      marked: [...aside.marked, ...names.filter((name) => underway.has(name))],
    };
  }
  return aside;
}

/** In portions. What goes from the list of changes while that is read would have others pass unseen, so that it is read first. */
async function deletedNames(
  ctx: NodeContext,
  folderId: string,
  signal: AbortSignal,
): Promise<readonly (readonly string[])[]> {
  const found: (readonly string[])[] = [];
  for await (const names of changedNames(ctx, { folderId }, signal))
    found.push(await deletedElsewhere(ctx.syncthing, { folderId, names }, signal));
  return found;
}

function described({ first, count }: Aside): string {
  return first.join(', ') + (count > TOLD ? ` and ${count - TOLD} more` : '');
}

/**
 * What a scrub marked is deleted by a revert where the copy that had it has marked it as well by now: the lock, the links
 * and the sync before this may have taken a while.
 */
async function requireElsewhere(
  { syncthing, node }: NodeContext,
  { folderId, names }: { readonly folderId: string; readonly names: readonly string[] },
  signal: AbortSignal,
): Promise<void> {
  for (const name of names) {
    const entry = await syncthing.file(folderId, name, { signal });
    if (entry !== undefined && (isElsewhere(entry) || isDeletedElsewhere(entry))) continue;
    throw new NodeError('inconsistent', `${name} on ${node} differs, and no copy that is connected has it`);
  }
}

/** Nobody became the writer since it was decided: what a pod wrote is never taken back. */
async function requireReceiver(ctx: NodeContext, folderId: string): Promise<void> {
  const state = await ctx.states.read(folderId);
  const isReceiver =
    state !== undefined &&
    state.announcing !== true &&
    state.phase.kind !== 'writer' &&
    state.phase.kind !== 'taking' &&
    !isWriting(state) &&
    state.phase.kind !== 'rejoining';
  if (!isReceiver) throw new NodeError('inconsistent', `${folderId} on ${ctx.node} is no mere copy any more`);
}

/** So long a pod that is about to come waits for what is fetched again; a large file goes on coming under it. */
const FETCH_MS = 30_000;
const FETCH_LOOK_MS = 100;

async function untilFetched(
  { syncthing, clock }: NodeContext,
  folderId: string,
  signal: AbortSignal,
): Promise<boolean> {
  const end = clock.now() + FETCH_MS;
  while (clock.now() < end) {
    if ((await syncthing.folderStatus(folderId, { signal })).needTotalItems === 0) return true;
    await clock.sleep(FETCH_LOOK_MS, signal);
  }
  return false;
}

export async function revertChanges(ctx: NodeContext, folderId: string, signal: AbortSignal): Promise<void> {
  const { syncthing, node } = ctx;
  await syncthing.revert(folderId, { signal });
  const isDone = ({ receiveOnlyTotalItems }: FolderStatus): boolean => receiveOnlyTotalItems === 0;
  const status = await afterOrder(ctx, { folderId, isDone }, signal);
  if (isDone(status)) return;
  const left = status.receiveOnlyTotalItems;
  throw new NodeError('inconsistent', `${left} item(s) still count as changed on ${node} after a revert`);
}
