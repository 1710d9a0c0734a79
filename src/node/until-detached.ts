import type { DiskState } from '../handoff/disk-state.ts';
import type { SyncthingReplicaSpec } from '../desired/replica.ts';
import { isWriting } from '../handoff/writing.ts';
import type { NodeContext } from './context.ts';
import { readVolume, waitReason } from './live-volume.ts';
import { volumeMounts } from './volume-mounts.ts';

export type Detached =
  | { readonly kind: 'detached' }
  /** For people: what is missing, and where. */
  | { readonly kind: 'attached'; readonly reason: string };

export interface UntilOptions {
  /** Milliseconds since the epoch. */
  readonly until: number;
  readonly signal: AbortSignal;
}

const LOOK_AGAIN_MS = 1_000;

/**
 * Whether this node has nothing to end: it never wrote, has released, or its session was superseded, so that what it
 * has will be archived and nobody waits for a proof (handoff rule 29).
 */
export function isDetached(state: DiskState | undefined, order: SyncthingReplicaSpec | undefined): boolean {
  if (isWriting(state)) return order === undefined || order.removal !== undefined;
  if (state?.phase.kind !== 'writer') return true;
  const isOver = order === undefined || order.removal !== undefined || order.rejoin !== undefined;
  return isOver || order.grant?.epoch !== state.phase.epoch;
}

/** Waits for the flush to end with `released` on the disk (handoff rule 22). */
export async function untilDetached(
  ctx: NodeContext,
  volumeId: string,
  options: UntilOptions,
): Promise<Detached> {
  const { until, signal } = options;
  for (;;) {
    if (await hasDetached(ctx, volumeId)) return { kind: 'detached' };
    const left = until - ctx.clock.now();
    if (left <= 0) return { kind: 'attached', reason: await reasonOf(ctx, volumeId, signal) };
    await ctx.volumes.nextChange(volumeId, Math.min(left, LOOK_AGAIN_MS), signal);
  }
}

/** That a volume has no order is known only when all orders are: until then it may well have one. */
async function hasDetached(ctx: NodeContext, volumeId: string): Promise<boolean> {
  const state = await ctx.states.read(volumeId);
  const order = ctx.volumes.record(volumeId).order?.spec;
  const isOpen = state?.phase.kind === 'writer' || isWriting(state);
  return !isOpen || (isDetached(state, order) && (order !== undefined || ctx.knowsOrders()));
}

async function reasonOf(ctx: NodeContext, volumeId: string, signal: AbortSignal): Promise<string> {
  const { pods } = await volumeMounts(ctx, volumeId);
  if (pods.length > 0) return `it is still mounted at ${pods.join(', ')}`;
  if (ctx.health.state.kind === 'away') return ctx.health.state.message;
  const { problem } = ctx.volumes.record(volumeId);
  if (problem !== undefined) return problem;
  try {
    return waitReason(await readVolume(ctx, volumeId, signal)).message;
  } catch (error) {
    return error instanceof Error ? error.message : 'the API server does not say why';
  }
}
