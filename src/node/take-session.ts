/** Turning a grant into a mount: state.json first, then the live grant, then the bind (handoff rules 10, 12 and 13). */
import { stat } from 'node:fs/promises';
import { underRepair } from '../desired/plan-scrub.ts';
import { takeGrant, withPlainTree, type DiskState } from '../handoff/disk-state.ts';
import type { SyncthingReplicaSpec } from '../desired/replica.ts';
import { holdsGrant, isHeldElsewhere, leftoverMounts, offeredEpoch, type Offer } from '../handoff/session.ts';
import { isSender } from '../syncthing/folder-config.ts';
import type { NodeContext } from './context.ts';
import { isMissing, NodeError } from './errors.ts';
import { makeFirstData } from './first-data.ts';
import { lookThrough } from './look-through.ts';
import { unrepaired } from './judge-changes.ts';
import { goingReason } from './keep-pods-out.ts';
import { placeOf, readVolume } from './live-volume.ts';
import { inheritsMetadata, putBackMetadata } from './put-back-metadata.ts';
import { seesEveryCopy } from './sees-every-copy.ts';
import { switchFolder } from './switch-folder.ts';
import { volumeMounts } from './volume-mounts.ts';

export type Session =
  | { readonly kind: 'open'; readonly state: DiskState }
  /** Not now; the reason is this node's, where it has one, else the controller's is to be asked. */
  | { readonly kind: 'wait'; readonly reason?: string };

/**
 * A new session under the grant that this node's order names; the first of an epoch once the folder has writer type, for
 * which the caller asks again. It holds the volume's mutex. The session counts from here, mounted or not: a crash leaves
 * a writer that flushes an unchanged tree, and before it a grant that is given back (handoff rule 5).
 */
export async function takeSession(ctx: NodeContext, folderId: string, signal: AbortSignal): Promise<Session> {
  const reason = goingReason(ctx, folderId);
  if (reason !== undefined) return { kind: 'wait', reason };
  const order = ctx.volumes.record(folderId).order?.spec;
  const state = await ctx.states.read(folderId);
  if (order === undefined || state === undefined) return { kind: 'wait' };
  const offer = offeredEpoch(order, state);
  if (offer.kind !== 'offered') return withoutOffer(ctx, offer);
  const { epoch } = offer;
  const obstacle = await obstacleTo(ctx, { order, state }, { epoch, signal });
  if (obstacle !== undefined) return { kind: 'wait', reason: obstacle };
  const taken = takeGrant(state, epoch, {
    isSwitched: await isSwitched(ctx, state, signal),
    isFirst: order.base.kind === 'empty',
  });
  if (taken.kind === 'refused')
    return { kind: 'wait', reason: `${ctx.node} cannot take the grant: ${taken.reason}` };
  if (order.base.kind !== 'empty') await requireData(ctx, folderId);
  const step = { before: state, taken: taken.state };
  return taken.kind === 'begun' ? begin(ctx, step, signal) : open(ctx, order, step, { epoch, signal });
}

/** What is ordered of this disk's copy, and what it knows of itself. */
interface Copy {
  readonly order: SyncthingReplicaSpec;
  readonly state: DiskState;
}

/** Why this copy is not yet one to write in that epoch, for people. */
async function obstacleTo(ctx: NodeContext, copy: Copy, taking: Taking): Promise<string | undefined> {
  return (
    (await repairObstacle(ctx, copy, taking)) ??
    (await clearOlderMounts(ctx, copy.state, taking)) ??
    (await unseenObstacle(ctx, copy, taking))
  );
}

function withoutOffer({ node }: NodeContext, { kind }: Offer): Session {
  if (kind === 'none') return { kind: 'wait' };
  return { kind: 'wait', reason: `${node} has a copy of a lost lineage and archives it first` };
}

async function open(
  ctx: NodeContext,
  order: SyncthingReplicaSpec,
  step: Step,
  taking: Taking,
): Promise<Session> {
  const next = await inherited(ctx, order, step);
  await ctx.states.write(next);
  return confirm(ctx, next, taking);
}

/** Asked of Syncthing only where it decides: a session of the epoch that is being written in has the type. */
async function isSwitched(
  ctx: NodeContext,
  { folderId, phase }: DiskState,
  signal: AbortSignal,
): Promise<boolean> {
  if (phase.kind !== 'taking') return false;
  const isSwitchedNow = isSender((await ctx.syncthing.folder(folderId, { signal }))?.type);
  // What could not be saved stands in Syncthing's memory all the same, and is gone with its process.
  if (isSwitchedNow && ctx.volumes.record(folderId).refused !== undefined)
    await ctx.syncthing.configSettled({ signal });
  return isSwitchedNow;
}

/** Once for each grant: where the folder has not got its type by that, the resharer sees to it, and the caller asks again. */
async function begin(ctx: NodeContext, { before, taken }: Step, signal: AbortSignal): Promise<Session> {
  const { folderId } = taken;
  if (taken !== before) {
    await ctx.states.write(taken);
    await switchFolder(ctx, taken, signal);
    ctx.wake.volume(folderId);
    if (await isSwitched(ctx, taken, signal)) return takeSession(ctx, folderId, signal);
  }
  const reason = ctx.volumes.record(folderId).refused;
  return { kind: 'wait', reason: reason ?? `Syncthing on ${ctx.node} is about to send what is written here` };
}

interface Step {
  readonly before: DiskState;
  readonly taken: DiskState;
}

/** What the last writer's manifest says is still to be put back on this disk (handoff rule 40). */
async function inherited(
  ctx: NodeContext,
  order: SyncthingReplicaSpec,
  { before, taken }: Step,
): Promise<DiskState> {
  if (before.phase.kind === 'writer') return taken;
  return (await inheritsMetadata(ctx, order)) ? withPlainTree(taken) : taken;
}

/** The grant as the API server has it, after state.json says that it was taken: nothing can come in between. */
async function confirm(ctx: NodeContext, state: DiskState, { epoch, signal }: Taking): Promise<Session> {
  const volume = await readVolume(ctx, state.folderId, signal);
  const { grant } = volume.status;
  if (grant === undefined || !holdsGrant(volume, placeOf(ctx), epoch))
    return { kind: 'wait', reason: `the grant of epoch ${epoch} was taken back` };
  ctx.volumes.record(state.folderId).opened = grant.since;
  if (volume.status.base.kind === 'empty')
    await makeFirstData(ctx, volume.volumeId, volume.spec.source?.directory);
  return { kind: 'open', state: await putBackMetadata(ctx, state, signal) };
}

/**
 * A file that was given back to Syncthing to be fetched again must not be announced by the switch to writer; a crash
 * may have come before Syncthing saw it (handoff rule 42). It is looked for before the switch; in the epoch that this
 * node writes in there is nothing to wait for: what is there was written over it, and rule 12 lets nothing else decide.
 */
async function repairObstacle(
  ctx: NodeContext,
  { order, state }: Copy,
  { epoch, signal }: Taking,
): Promise<string | undefined> {
  return hasBegun(state, epoch) ? undefined : repairReason(ctx, order, signal);
}

/**
 * Where another store has the base; what this one alone has is the truth, changed or not (handoff rules 8 and 11). Once
 * a request: what was found is taken back before the next grant, and what each scan finds anew would give back each.
 */
async function unseenObstacle(
  ctx: NodeContext,
  { order, state }: Copy,
  { epoch, signal }: Taking,
): Promise<string | undefined> {
  if (hasBegun(state, epoch) || !isHeldElsewhere(order.base, ctx.store.storeId)) return undefined;
  const { folderId } = order;
  return lookThrough(ctx, folderId, ctx.wanted.since(folderId) ?? `epoch ${epoch}`, signal);
}

function hasBegun(state: DiskState, epoch: number): boolean {
  return isWriterOf(state, epoch) || (state.phase.kind === 'taking' && state.phase.epoch === epoch);
}

/** For people, where something is to be fetched again first. */
export async function repairReason(
  ctx: NodeContext,
  order: SyncthingReplicaSpec,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { folderId } = order;
  const names = underRepair(await ctx.scrubs.read(folderId));
  if (names.length === 0) return undefined;
  await ctx.syncthing.scan(folderId, { signal, sub: names });
  const sawAll = await mayBeTruth(ctx, order, signal);
  const left = await unrepaired(ctx, { folderId, names }, signal);
  const [first] = left;
  if (first === undefined) return undefined;
  const there = left.find(({ isElsewhere }) => isElsewhere);
  if (there === undefined && sawAll && (await mayBeTruth(ctx, order, signal))) return undefined;
  return there === undefined
    ? `${first.name} on ${ctx.node} differs from what was proven, and who may have it is not connected: bring back ${othersOf(order)}`
    : `${ctx.node} fetches ${there.name} again, which differed from what was proven`;
}

/** What no copy has is the truth here only if this store alone holds the volume, and if every copy can be asked. */
async function mayBeTruth(
  ctx: NodeContext,
  order: SyncthingReplicaSpec,
  signal: AbortSignal,
): Promise<boolean> {
  return !isHeldElsewhere(order.base, ctx.store.storeId) && (await seesEveryCopy(ctx, order, signal));
}

function othersOf({ node, base, peers }: SyncthingReplicaSpec): string {
  const nodes = new Set([...base.holders, ...peers].map((other) => other.node));
  return [...nodes].filter((other) => other !== node).join(', ');
}

function isWriterOf({ phase }: DiskState, epoch: number): boolean {
  return phase.kind === 'writer' && phase.epoch === epoch;
}

interface Taking {
  readonly epoch: number;
  readonly signal: AbortSignal;
}

/**
 * A mount of an older epoch is never "already staged". A staging mount alone goes; one that a pod has stays and is
 * named, since what it writes would mix into the new epoch (handoff rule 29).
 */
async function clearOlderMounts(
  ctx: NodeContext,
  state: DiskState,
  taking: Taking,
): Promise<string | undefined> {
  if (isWriterOf(state, taking.epoch)) return undefined;
  const mounts = await volumeMounts(ctx, state.folderId);
  const leftover = leftoverMounts(state, taking.epoch, mounts.pods);
  if (leftover.length > 0) {
    return `StillMounted: ${leftover.join(', ')} on ${ctx.node} is left over from an older epoch; end that pod`;
  }
  for (const target of mounts.staging) await ctx.mounter.unmount(target, taking.signal);
  return undefined;
}

/** Only an empty volume's first writer makes the directory; elsewhere a missing one means a lost disk. */
export async function requireData(ctx: NodeContext, folderId: string): Promise<void> {
  const { data } = ctx.store.layout.volume(folderId);
  try {
    await stat(data);
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new NodeError(
      'inconsistent',
      `${data} is missing on ${ctx.node}, though the volume has data: look whether its disk is mounted`,
    );
  }
}
