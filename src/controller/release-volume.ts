/** The end of a volume's resources, by order of DeleteVolume or behind the driver's back (handoff rules 32 and 33). */
import type { SyncthingReplica } from '../desired/replica.ts';
import type { SyncthingVolume } from '../desired/volume.ts';
import { isKubernetesError } from '../kubernetes/errors.ts';
import { labelsOf } from '../kubernetes/labels.ts';
import { SYNCTHING_REPLICAS, SYNCTHING_VOLUMES } from '../kubernetes/resource-kind.ts';
import { dropReplica } from './apply-orders.ts';
import { VOLUME_FINALIZER, type ControllerContext } from './context.ts';
import { replicasNaming } from './volume-view.ts';

/** The volume as it is now; undefined when there is none of that name. */
export async function liveVolume(
  ctx: ControllerContext,
  name: string,
  signal: AbortSignal,
): Promise<SyncthingVolume | undefined> {
  try {
    const volume = await ctx.client.get(SYNCTHING_VOLUMES, name, { signal });
    ctx.known.volumes.note(volume);
    return volume;
  } catch (error) {
    if (!isKubernetesError(error, 'not-found')) throw error;
    const known = ctx.known.volumes.get(name);
    if (known !== undefined) ctx.known.volumes.noteGone(known);
    return undefined;
  }
}

interface LiveReplicas {
  readonly items: readonly SyncthingReplica[];
  /** Some are there that cannot be read. */
  readonly isPartial: boolean;
}

/** Also takes note of them. */
export async function liveReplicas(
  ctx: ControllerContext,
  volume: string,
  signal: AbortSignal,
): Promise<LiveReplicas> {
  const labels = labelsOf(ctx.driverName, { volume });
  const { items, unreadable } = await ctx.client.list(SYNCTHING_REPLICAS, { labels }, { signal });
  for (const item of items) ctx.known.replicas.note(item);
  return { items, isPartial: unreadable.length > 0 };
}

async function removeFinalizer(
  ctx: ControllerContext,
  volume: SyncthingVolume,
  signal: AbortSignal,
): Promise<void> {
  const finalizers = volume.finalizers.filter((finalizer) => finalizer !== VOLUME_FINALIZER);
  if (finalizers.length === volume.finalizers.length) return;
  await ctx.client.replaceFinalizers(SYNCTHING_VOLUMES, volume, finalizers, { signal });
}

/** All copies are gone or have tombstones: the resource goes. False where a live look found a copy after all. */
export async function finishDeletion(
  ctx: ControllerContext,
  name: string,
  signal: AbortSignal,
): Promise<boolean> {
  const [volume, replicas] = await Promise.all([
    liveVolume(ctx, name, signal),
    liveReplicas(ctx, name, signal),
  ]);
  if (volume === undefined) return true;
  if (volume.spec.deletion === undefined || replicas.items.length > 0 || replicas.isPartial) return false;
  if (volume.deletionTimestamp === undefined) await ctx.client.delete(SYNCTHING_VOLUMES, volume, { signal });
  const deleted = await liveVolume(ctx, name, signal);
  if (deleted !== undefined && deleted.uid === volume.uid) await removeFinalizer(ctx, deleted, signal);
  ctx.known.volumes.noteGone(volume);
  return true;
}

/**
 * The resource was deleted behind the driver's back: nobody ordered bytes to go. The orders go without an order to
 * remove, the nodes list what they have as orphans, and the resource is let go.
 */
export async function releaseVolume(
  ctx: ControllerContext,
  name: string,
  signal: AbortSignal,
): Promise<boolean> {
  const volume = await liveVolume(ctx, name, signal);
  if (volume === undefined || volume.deletionTimestamp === undefined || volume.spec.deletion !== undefined)
    return false;
  const { items, isPartial } = await liveReplicas(ctx, name, signal);
  await Promise.all(items.map((replica) => dropReplica(ctx, replica, signal)));
  if (isPartial) return false;
  ctx.log.warn(
    { volume: name, volumeId: volume.volumeId },
    'the volume resource was deleted without DeleteVolume; its data stays on the nodes',
  );
  await removeFinalizer(ctx, volume, signal);
  ctx.known.volumes.noteGone(volume);
  return true;
}

/** Orders whose volume is not there any more, or is another one of the same name: they go, the bytes stay. */
export async function dropLeftovers(
  ctx: ControllerContext,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  const known = ctx.known.volumes.get(name);
  if (replicasNaming(ctx, name).every((replica) => replica.spec.folderId === known?.volumeId)) return;
  const volume = await liveVolume(ctx, name, signal);
  const leftovers = replicasNaming(ctx, name).filter((replica) => replica.spec.folderId !== volume?.volumeId);
  for (const { name: replica, spec } of leftovers) {
    ctx.log.warn(
      { replica, folderId: spec.folderId },
      'the volume of this copy is gone without DeleteVolume; its data stays on the node',
    );
  }
  await Promise.all(leftovers.map((replica) => dropReplica(ctx, replica, signal)));
}
