/**
 * One volume, from what is reported to what is ordered: plan the status, look live where the plan rests on something
 * that must not be old, write it by compare-and-swap, and order the copies from the status that now stands.
 */
import { placeCopies, type Cluster } from '../desired/placement.ts';
import { withStatus } from '../desired/volume-status.ts';
import type { SyncthingVolumeStatus } from '../desired/volume.ts';
import type { VolumeView } from '../handoff/view.ts';
import { isKubernetesError } from '../kubernetes/errors.ts';
import { SYNCTHING_VOLUMES } from '../kubernetes/resource-kind.ts';
import type { WorkResult } from '../runtime/work-queue.ts';
import { announce } from './announce.ts';
import { applyOrder } from './apply-orders.ts';
import { unsyncedReason } from './caches.ts';
import { VOLUME_FINALIZER, type ControllerContext } from './context.ts';
import { confirmLoss, confirmLostRights } from './confirm-loss.ts';
import { confirmPods, invited } from './confirm-pods.ts';
import { confirmWitnesses } from './confirm-witnesses.ts';
import {
  grantedStatus,
  isGone,
  isStatusChanged,
  planOrders,
  planStatus,
  type PlanInput,
} from './plan-volume.ts';
import { dropLeftovers, finishDeletion, liveReplicas, liveVolume, releaseVolume } from './release-volume.ts';
import { clusterNow, viewOf } from './volume-view.ts';

/** Nothing tells us when a pod appears; the kubelet that asks for its volume repeats itself. */
const POD_RECHECK_MS = 2000;
const UNSYNCED_RECHECK_MS = 1000;
/** As good as at once, and not a spin while a watch is behind. */
const AT_ONCE: WorkResult = { requeueAfterMs: 10 };

/** What moved on since it was planned on is planned again at once, and is no failure. */
export async function reconcileVolume(
  ctx: ControllerContext,
  name: string,
  signal: AbortSignal,
): Promise<WorkResult | undefined> {
  if (unsyncedReason(ctx.known) !== undefined) return { requeueAfterMs: UNSYNCED_RECHECK_MS };
  try {
    return await reconcile(ctx, name, signal);
  } catch (error) {
    if (!isKubernetesError(error, 'conflict', 'already-exists', 'not-found')) throw error;
    ctx.log.debug({ volume: name, error }, 'something changed meanwhile, looking again');
    await Promise.all([liveVolume(ctx, name, signal), liveReplicas(ctx, name, signal)]);
    return AT_ONCE;
  }
}

async function reconcile(
  ctx: ControllerContext,
  name: string,
  signal: AbortSignal,
): Promise<WorkResult | undefined> {
  await dropLeftovers(ctx, name, signal);
  const cluster = clusterNow(ctx);
  const view = viewOf(ctx, name, cluster);
  if (view === undefined) return undefined;
  const { volume } = view;
  if (volume.deletionTimestamp !== undefined && volume.spec.deletion === undefined) {
    return (await releaseVolume(ctx, name, signal)) ? undefined : AT_ONCE;
  }
  if (volume.spec.deletion === undefined && volume.finalizers.includes(VOLUME_FINALIZER)) {
    const finalizers = volume.finalizers.filter((finalizer) => finalizer !== VOLUME_FINALIZER);
    ctx.known.volumes.note(
      await ctx.client.replaceFinalizers(SYNCTHING_VOLUMES, volume, finalizers, { signal }),
    );
    return AT_ONCE;
  }
  return carryOn(ctx, view, { cluster, signal });
}

interface Moment {
  readonly cluster: Cluster;
  readonly signal: AbortSignal;
}

interface Decided {
  readonly status: SyncthingVolumeStatus;
  readonly recheckAfterMs?: number;
}

async function carryOn(
  ctx: ControllerContext,
  view: VolumeView,
  { cluster, signal }: Moment,
): Promise<WorkResult | undefined> {
  const placed = placeCopies(cluster, view.volume, view.replicas);
  const input = { view, placed, storageLabel: ctx.storageLabel };
  const decided = await decide(ctx, input, signal);
  const written = await writeStatus(ctx, view, { status: decided.status, signal });
  const planned = planOrders({ view: written, placed });
  const actions = await invited(ctx, { view: written, actions: planned, signal });
  if (actions.length > 0 && written === view && !(await isStillCurrent(ctx, view, signal))) return AT_ONCE;
  const outcomes = await Promise.allSettled(actions.map((action) => applyOrder(ctx, action, signal)));
  throwWorst(outcomes);
  const after = viewOf(ctx, view.volume.name, cluster);
  if (after !== undefined && isGone(after) && !(await finishDeletion(ctx, view.volume.name, signal)))
    return AT_ONCE;
  const recheckAfterMs = actions.length < planned.length ? POD_RECHECK_MS : decided.recheckAfterMs;
  return recheckAfterMs === undefined ? undefined : { requeueAfterMs: recheckAfterMs };
}

/** The status that is to stand, its live conditions seen to. */
async function decide(ctx: ControllerContext, input: PlanInput, signal: AbortSignal): Promise<Decided> {
  const plan = planStatus(input);
  if (plan.failedOver) await confirmLoss(ctx, input.view, signal);
  await confirmLostRights(ctx, input.view, signal);
  await confirmWitnesses(ctx, plan, signal);
  if (plan.propose === undefined) return plan;
  const confirmed = await confirmPods(ctx, { volume: input.view.volume, proposal: plan.propose, signal });
  if (confirmed.kind === 'confirmed')
    return { status: grantedStatus(input, plan.status, confirmed.proposal) };
  const { status } = planStatus({ ...input, liveObstacle: confirmed.obstacle });
  return { status, recheckAfterMs: POD_RECHECK_MS };
}

interface StatusWrite {
  readonly status: SyncthingVolumeStatus;
  readonly signal: AbortSignal;
}

/** The view with the status that stands in the API; the same view where nothing had to be written. */
async function writeStatus(
  ctx: ControllerContext,
  view: VolumeView,
  { status, signal }: StatusWrite,
): Promise<VolumeView> {
  if (!isStatusChanged(view, status)) return view;
  const volume = await ctx.client.replaceStatus(SYNCTHING_VOLUMES, view.volume, status, { signal });
  ctx.known.volumes.note(volume);
  announce(ctx, view, volume, signal);
  return { ...withStatus(view, volume.status), volume };
}

/** Orders follow the status that stands, not one that a cache still holds: an old one would take a grant back. */
async function isStillCurrent(
  ctx: ControllerContext,
  view: VolumeView,
  signal: AbortSignal,
): Promise<boolean> {
  const live = await liveVolume(ctx, view.volume.name, signal);
  return live?.uid === view.volume.uid && live.resourceVersion === view.volume.resourceVersion;
}

/** All orders have been tried; a real failure counts for more than one that only asks to plan again. */
function throwWorst(outcomes: readonly PromiseSettledResult<void>[]): void {
  const errors = outcomes.flatMap((outcome): unknown[] =>
    outcome.status === 'rejected' ? [outcome.reason] : [],
  );
  if (errors.length === 0) return;
  throw (
    errors.find((error) => !isKubernetesError(error, 'conflict', 'already-exists', 'not-found')) ?? errors[0]
  );
}
