/** Turning a grant into a mount: state.json first, then the live grant, then the bind (handoff rules 10, 12 and 13). */
import { chmod, mkdir, stat } from 'node:fs/promises';
import { takeGrant, withPlainTree, type DiskState } from '../handoff/disk-state.ts';
import type { SyncthingReplicaSpec } from '../desired/replica.ts';
import { holdsGrant, leftoverMounts, offeredEpoch } from '../handoff/session.ts';
import type { NodeContext } from './context.ts';
import { syncDirectory } from '../runtime/durable-file.ts';
import { isMissing, NodeError } from './errors.ts';
import { placeOf, readVolume } from './live-volume.ts';
import { inheritsMetadata, putBackMetadata } from './put-back-metadata.ts';
import { volumeMounts } from './volume-mounts.ts';

export type Session =
  | { readonly kind: 'open'; readonly state: DiskState }
  /** Not now; the reason is this node's, where it has one, else the controller's is to be asked. */
  | { readonly kind: 'wait'; readonly reason?: string };

/**
 * A new session under the grant that this node's order names. The caller holds the volume's mutex. The session counts
 * from here, mounted or not: a crash leaves a writer that flushes an unchanged tree.
 */
export async function takeSession(ctx: NodeContext, folderId: string, signal: AbortSignal): Promise<Session> {
  const order = ctx.volumes.record(folderId).order?.spec;
  const state = await ctx.states.read(folderId);
  if (order === undefined || state === undefined) return { kind: 'wait' };
  const offer = offeredEpoch(order, state);
  if (offer.kind === 'rejoin-first')
    return { kind: 'wait', reason: `${ctx.node} has a copy of a lost lineage and archives it first` };
  if (offer.kind === 'none') return { kind: 'wait' };
  const { epoch } = offer;
  const leftover = await clearOlderMounts(ctx, state, { epoch, signal });
  if (leftover !== undefined) return { kind: 'wait', reason: leftover };
  const taken = takeGrant(state, epoch);
  if (taken.kind === 'refused')
    return { kind: 'wait', reason: `${ctx.node} cannot take the grant: ${taken.reason}` };
  if (order.base.kind !== 'empty') await requireData(ctx, folderId);
  const mayInherit = state.phase.kind !== 'writer';
  const next = mayInherit ? await inherited(ctx, order, taken.state) : taken.state;
  await ctx.states.write(next);
  return await confirm(ctx, next, { epoch, signal });
}

/** What the last writer's manifest says is still to be put back on this disk (handoff rule 40). */
async function inherited(
  ctx: NodeContext,
  order: SyncthingReplicaSpec,
  taken: DiskState,
): Promise<DiskState> {
  return (await inheritsMetadata(ctx, order)) ? withPlainTree(taken) : taken;
}

/** The grant as the API server has it, after state.json says that it was taken: nothing can come in between. */
async function confirm(ctx: NodeContext, state: DiskState, { epoch, signal }: Taking): Promise<Session> {
  const volume = await readVolume(ctx, state.folderId, signal);
  if (!holdsGrant(volume, placeOf(ctx), epoch))
    return { kind: 'wait', reason: `the grant of epoch ${epoch} was taken back` };
  if (volume.status.base.kind === 'empty') await makeData(ctx, volume.volumeId);
  return { kind: 'open', state: await putBackMetadata(ctx, state, signal) };
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
  if (state.phase.kind === 'writer' && state.phase.epoch === taking.epoch) return undefined;
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

/**
 * An empty volume's first writer makes `data/`; mode 0777: pods run as any user, and fsGroup narrows it where it is set.
 */
export async function makeData(ctx: NodeContext, folderId: string): Promise<void> {
  const { data, syncRoot } = ctx.store.layout.volume(folderId);
  const made = await mkdir(data, { recursive: true });
  if (made === undefined) return;
  await chmod(data, 0o777);
  await syncDirectory(syncRoot);
}
