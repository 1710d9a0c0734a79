/** Turning the right to write beside others into a mount: state.json, the live volume, the switch, the bind (rule 37). */
import type { SyncthingReplicaSpec } from '../desired/replica.ts';
import type { DiskState } from '../handoff/disk-state.ts';
import { holdsWriting, isWriting, offeredWriting, takeWriting as taken } from '../handoff/writing.ts';
import type { NodeContext } from './context.ts';
import { isHeldElsewhere } from '../handoff/session.ts';
import { makeFirstData } from './first-data.ts';
import { lookThrough } from './look-through.ts';
import { goingReason } from './keep-pods-out.ts';
import { placeOf, readVolume } from './live-volume.ts';
import { repairReason, requireData, type Session } from './take-session.ts';
import { volumeMounts } from './volume-mounts.ts';

/**
 * Under the right that this node's order names, for NodeStageVolume: taken once, and open when the folder has writer
 * type, since a receiver takes in what others announce over a change of its own. The caller holds the volume's mutex,
 * and asks again; a flush does not begin meanwhile, because the volume is wanted.
 */
export async function openWriting(ctx: NodeContext, folderId: string, signal: AbortSignal): Promise<Session> {
  return take(ctx, folderId, { isNewSession: false, signal });
}

/** A session of its own for a pod: a flush may have begun, and its scan must not count for what this pod writes. */
export async function takeWriting(ctx: NodeContext, folderId: string, signal: AbortSignal): Promise<Session> {
  return take(ctx, folderId, { isNewSession: true, signal });
}

interface Taking {
  readonly isNewSession: boolean;
  readonly signal: AbortSignal;
}

async function take(ctx: NodeContext, folderId: string, taking: Taking): Promise<Session> {
  const reason = goingReason(ctx, folderId);
  if (reason !== undefined) return { kind: 'wait', reason };
  const order = ctx.volumes.record(folderId).order?.spec;
  const state = await ctx.states.read(folderId);
  if (order === undefined || state === undefined) return { kind: 'wait' };
  const since = offeredWriting(order, state)?.since;
  return since === undefined ? { kind: 'wait' } : takeOffered(ctx, { order, state, since }, taking);
}

interface Offered {
  readonly order: SyncthingReplicaSpec;
  readonly state: DiskState;
  readonly since: string;
}

async function takeOffered(
  ctx: NodeContext,
  { order, state, since }: Offered,
  { isNewSession, signal }: Taking,
): Promise<Session> {
  const took = taken(state, since);
  if (took.kind === 'refused')
    return { kind: 'wait', reason: `${ctx.node} cannot write the volume: ${took.reason}` };
  const begun = isWriting(state);
  const obstacle = begun ? undefined : await beginObstacle(ctx, { order, state, since }, signal);
  if (obstacle !== undefined) return { kind: 'wait', reason: obstacle };
  const next = begun && !isNewSession ? state : took.state;
  if (next !== state) await ctx.states.write(next);
  return confirm(ctx, next, { since, signal });
}

/**
 * Nothing of before may be mounted but what its pods only read, nothing that a scrub gave back is to be announced, and
 * a copy that has to have files has them: without its directory it would announce their deletion.
 */
async function beginObstacle(
  ctx: NodeContext,
  { order, state, since }: Offered,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { folderId } = state;
  const repair = await repairReason(ctx, order, signal);
  if (repair !== undefined) return repair;
  const { pods, staging } = await volumeMounts(ctx, folderId);
  if (pods.length > 0 && state.reading?.phase !== 'reading')
    return `StillMounted: ${pods.join(', ')} on ${ctx.node} is left over from before; end that pod`;
  for (const target of staging) await ctx.mounter.unmount(target, signal);
  if (order.base.kind !== 'empty') await requireData(ctx, folderId);
  return unseenObstacle(ctx, order, { since, signal });
}

/**
 * What was changed by hand is taken back first, by order of the controller, which hears of it only now: until it knows of
 * a copy to take it from nobody writes here, or it would be announced as if a pod had done it (handoff rules 11 and 37).
 */
async function unseenObstacle(
  ctx: NodeContext,
  order: SyncthingReplicaSpec,
  { since, signal }: Confirming,
): Promise<string | undefined> {
  const { folderId, base } = order;
  if (!isHeldElsewhere(base, ctx.store.storeId)) return undefined;
  const looking = await lookThrough(ctx, folderId, since, signal);
  if (looking !== undefined) return looking;
  const { receiveOnlyTotalItems: items } = await ctx.syncthing.folderStatus(folderId, { signal });
  if (items === 0) return undefined;
  ctx.wake.volume(folderId);
  return `${items} item(s) that were changed by hand on ${ctx.node} are taken back first, from a copy that has them`;
}

interface Confirming {
  readonly since: string;
  readonly signal: AbortSignal;
}

/** The right as the API server has it, after state.json says that it was taken; then the folder as Syncthing has it. */
async function confirm(ctx: NodeContext, state: DiskState, { since, signal }: Confirming): Promise<Session> {
  const { folderId } = state;
  const volume = await readVolume(ctx, folderId, signal);
  if (!holdsWriting(volume, placeOf(ctx), since))
    return { kind: 'wait', reason: `the right to write given at ${since} was taken back` };
  if (volume.status.base.kind === 'empty') await makeFirstData(ctx, folderId, undefined);
  await requireData(ctx, folderId);
  const folder = await ctx.syncthing.folder(folderId, { signal });
  if (folder?.type === 'sendreceive') {
    ctx.volumes.record(folderId).opened = since;
    return { kind: 'open', state };
  }
  ctx.wake.volume(folderId);
  ctx.wake.round('folders');
  return { kind: 'wait', reason: `Syncthing on ${ctx.node} is about to send what is written here` };
}
