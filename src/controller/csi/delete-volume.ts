import { CsiError } from '../../csi/errors.ts';
import type { DeleteVolumeRequest__Output } from '../../csi/gen/csi/v1/DeleteVolumeRequest.ts';
import type { DeleteVolumeResponse } from '../../csi/gen/csi/v1/DeleteVolumeResponse.ts';
import type { CallContext } from '../../csi/rpc.ts';
import { parseDeleteVolume } from '../../csi/validate/delete-volume.ts';
import { replicaName } from '../../desired/replica-name.ts';
import type { SyncthingReplica } from '../../desired/replica.ts';
import type { Right, SyncthingVolume } from '../../desired/volume.ts';
import { isKubernetesError } from '../../kubernetes/errors.ts';
import { SYNCTHING_REPLICAS, SYNCTHING_VOLUMES } from '../../kubernetes/resource-kind.ts';
import { nodesNow } from '../volume-view.ts';
import { apiFailure } from './api-failure.ts';
import { findVolume, type ServiceContext } from './service-context.ts';
import { whileItChanges } from './while-it-changes.ts';

/** The only place that orders bytes to go (handoff rule 32); carrying it out is the nodes', in their time. */
export async function deleteVolume(
  ctx: ServiceContext,
  request: DeleteVolumeRequest__Output,
  { signal }: CallContext,
): Promise<DeleteVolumeResponse> {
  const { volumeId } = parseDeleteVolume(request);
  const doing = `order the deletion of volume ${volumeId}`;
  return await whileItChanges({ volumeId, doing }, () => orderDeletion(ctx, volumeId, signal));
}

/** Rejects with `conflict` when the volume changed since it was looked at: somebody may have got it meanwhile. */
async function orderDeletion(
  ctx: ServiceContext,
  volumeId: string,
  signal: AbortSignal,
): Promise<DeleteVolumeResponse> {
  const volume = await findVolume(ctx, volumeId, signal);
  if (volume === undefined || volume.spec.deletion !== undefined) return {};
  await assertDetached(ctx, volume, signal);
  try {
    const patch = { spec: { deletion: { requestedAt: new Date(ctx.clock.now()).toISOString() } } };
    ctx.known.volumes.note(await ctx.client.mergePatch(SYNCTHING_VOLUMES, volume, patch, { signal }));
  } catch (error) {
    if (!isKubernetesError(error, 'not-found')) throw error;
  }
  return {};
}

async function findReplica(
  ctx: ServiceContext,
  name: string,
  signal: AbortSignal,
): Promise<SyncthingReplica | undefined> {
  try {
    return await ctx.client.get(SYNCTHING_REPLICAS, name, { signal });
  } catch (error) {
    if (isKubernetesError(error, 'not-found')) return undefined;
    throw apiFailure(`look up copy ${name}`, error);
  }
}

/**
 * A pod may still write, or read. A node that has fallen silent keeps nobody from deleting: its copy gets a tombstone,
 * and is removed when nothing has it mounted any more (handoff rules 29 and 33).
 */
async function assertDetached(
  ctx: ServiceContext,
  volume: SyncthingVolume,
  signal: AbortSignal,
): Promise<void> {
  await assertNotWritten(ctx, volume, signal);
  const { readers, writers } = volume.status;
  await Promise.all([
    ...readers.map((reader) => assertNotRead(ctx, volume, { right: reader, signal })),
    ...writers.map((writer) => assertNotShared(ctx, volume, { right: writer, signal })),
  ]);
}

interface RightCheck {
  readonly right: Right;
  readonly signal: AbortSignal;
}

async function assertNotRead(
  ctx: ServiceContext,
  volume: SyncthingVolume,
  { right: { node, since }, signal }: RightCheck,
): Promise<void> {
  if (isSilent(ctx, node)) return;
  const replica = await findReplica(ctx, replicaName(volume.name, node), signal);
  const report = replica?.status?.reader;
  if (report?.phase === 'reading' && report.since === since) throw inUse(volume, node);
}

async function assertNotShared(
  ctx: ServiceContext,
  volume: SyncthingVolume,
  { right: { node, since }, signal }: RightCheck,
): Promise<void> {
  if (isSilent(ctx, node)) return;
  const replica = await findReplica(ctx, replicaName(volume.name, node), signal);
  const writer = replica?.status?.writer;
  if (writer?.phase === 'attached' && writer.right === since) throw inUse(volume, node);
}

async function assertNotWritten(
  ctx: ServiceContext,
  volume: SyncthingVolume,
  signal: AbortSignal,
): Promise<void> {
  const { grant } = volume.status;
  if (grant === undefined || isSilent(ctx, grant.node)) return;
  const replica = await findReplica(ctx, replicaName(volume.name, grant.node), signal);
  const writer = replica?.status?.writer;
  if (writer?.phase !== 'attached' || writer.epoch !== grant.epoch) return;
  throw inUse(volume, grant.node);
}

function inUse({ volumeId }: SyncthingVolume, node: string): CsiError {
  return new CsiError(
    'failed-precondition',
    `volume ${volumeId} is in use on node ${node}: end the pod there first`,
  );
}

/** A node that never reported has mounted nothing; it is asked all the same. */
function isSilent(ctx: ServiceContext, node: string): boolean {
  const heartbeat = nodesNow(ctx).get(node)?.status?.heartbeat;
  return heartbeat !== undefined && ctx.clock.now() - Date.parse(heartbeat) > ctx.settings.heartbeatTimeoutMs;
}
