import { CsiError } from '../../csi/errors.ts';
import type { CreateVolumeRequest__Output } from '../../csi/gen/csi/v1/CreateVolumeRequest.ts';
import type { CreateVolumeResponse } from '../../csi/gen/csi/v1/CreateVolumeResponse.ts';
import type { CallContext } from '../../csi/rpc.ts';
import { capacityFits } from '../../csi/validate/capacity.ts';
import { parseCreateVolume, type CreateVolumeIntent } from '../../csi/validate/create-volume.ts';
import { resourceNameOf } from '../../desired/volume-id.ts';
import type { SyncthingVolume, SyncthingVolumeSpec } from '../../desired/volume.ts';
import { isKubernetesError } from '../../kubernetes/errors.ts';
import { labelsOf } from '../../kubernetes/labels.ts';
import { SYNCTHING_VOLUMES } from '../../kubernetes/resource-kind.ts';
import { unsyncedReason } from '../caches.ts';
import { isEqual } from '../is-equal.ts';
import { clusterNow } from '../volume-view.ts';
import { apiFailure } from './api-failure.ts';
import { placementRefusal } from './placement-refusal.ts';
import type { ServiceContext } from './service-context.ts';

/** Answers as soon as the resource is there: copies are made when a node, or time, needs them. */
export async function createVolume(
  ctx: ServiceContext,
  request: CreateVolumeRequest__Output,
  { signal }: CallContext,
): Promise<CreateVolumeResponse> {
  const intent = parseCreateVolume(request);
  const refusal = refusalOf(ctx, intent);
  const volume =
    refusal === undefined ? await makeVolume(ctx, intent, signal) : await existingVolume(ctx, intent, signal);
  if (volume === undefined)
    throw refusal ?? new CsiError('aborted', `volume "${intent.name}" was deleted meanwhile`);
  assertAsAsked(volume, intent);
  return { volume: { volumeId: volume.volumeId, capacityBytes: String(volume.spec.capacityBytes) } };
}

/** A volume that is there already is answered whatever the nodes say now. */
function refusalOf(ctx: ServiceContext, intent: CreateVolumeIntent): CsiError | undefined {
  const unsynced = unsyncedReason(ctx.known);
  if (unsynced !== undefined) return new CsiError('unavailable', `the controller is starting: ${unsynced}`);
  const refusal = placementRefusal({
    cluster: clusterNow(ctx),
    capacityBytes: intent.capacity.bytes,
    now: ctx.clock.now(),
    heartbeatTimeoutMs: ctx.settings.heartbeatTimeoutMs,
  });
  return refusal === undefined ? undefined : new CsiError('resource-exhausted', refusal);
}

function specOf({
  name,
  capacity,
  replicas,
  access,
  onDelete,
  failover,
  claim,
  parameters,
}: CreateVolumeIntent): SyncthingVolumeSpec {
  return {
    requestName: name,
    capacityBytes: capacity.bytes,
    ...(replicas !== undefined && { replicas }),
    access,
    onDelete,
    ...(failover === 'automatic' && { failover }),
    ...(claim !== undefined && { claim }),
    parameters,
  };
}

async function makeVolume(
  ctx: ServiceContext,
  intent: CreateVolumeIntent,
  signal: AbortSignal,
): Promise<SyncthingVolume | undefined> {
  const name = resourceNameOf(intent.name);
  try {
    const labels = labelsOf(ctx.driverName, { volume: name });
    const volume = await ctx.client.create(
      SYNCTHING_VOLUMES,
      { name, labels, spec: specOf(intent) },
      { signal },
    );
    ctx.known.volumes.note(volume);
    return volume;
  } catch (error) {
    if (isKubernetesError(error, 'already-exists')) return existingVolume(ctx, intent, signal);
    throw apiFailure(`make the resource of volume "${intent.name}"`, error);
  }
}

async function existingVolume(
  ctx: ServiceContext,
  intent: CreateVolumeIntent,
  signal: AbortSignal,
): Promise<SyncthingVolume | undefined> {
  try {
    return await ctx.client.get(SYNCTHING_VOLUMES, resourceNameOf(intent.name), { signal });
  } catch (error) {
    if (isKubernetesError(error, 'not-found')) return undefined;
    throw apiFailure(`look up volume "${intent.name}"`, error);
  }
}

/** What the provisioner adds about the claim says nothing about the volume. */
function ownParameters(parameters: Readonly<Record<string, string>>): object {
  return Object.fromEntries(
    Object.entries(parameters).filter(([key]) => !key.startsWith('csi.storage.k8s.io/')),
  );
}

function differentParameter(spec: SyncthingVolumeSpec, intent: CreateVolumeIntent): string | undefined {
  if (spec.access !== intent.access) return `access: ${spec.access}`;
  if (spec.replicas !== intent.replicas) return `replicas: ${spec.replicas ?? 'one on every data node'}`;
  if (spec.onDelete !== intent.onDelete) return `onDelete: ${spec.onDelete}`;
  const failover = spec.failover ?? 'manual';
  return failover === intent.failover ? undefined : `failover: ${failover}`;
}

function difference(volume: SyncthingVolume, intent: CreateVolumeIntent): string | undefined {
  const { spec } = volume;
  if (spec.requestName !== intent.name) return `the name "${spec.requestName}"`;
  if (!capacityFits(intent.capacity, spec.capacityBytes)) return `${spec.capacityBytes} bytes`;
  const parameter = differentParameter(spec, intent);
  if (parameter !== undefined) return parameter;
  return isEqual(ownParameters(spec.parameters), ownParameters(intent.parameters))
    ? undefined
    : 'other parameters';
}

/** CSI 1.12, CreateVolume: the same request again finds its volume, another one under the name is an error. */
function assertAsAsked(volume: SyncthingVolume, intent: CreateVolumeIntent): void {
  if (volume.spec.deletion !== undefined || volume.deletionTimestamp !== undefined) {
    throw new CsiError(
      'aborted',
      `a volume named "${intent.name}" is still being deleted; it can be made again when that is done`,
    );
  }
  const found = difference(volume, intent);
  if (found === undefined) return;
  throw new CsiError(
    'already-exists',
    `there is a volume named "${intent.name}" already, and it has ${found}`,
  );
}
