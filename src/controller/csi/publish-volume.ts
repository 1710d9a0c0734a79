/** CSI 1.12, ControllerPublishVolume and ControllerUnpublishVolume, served with `attach: true` alone (handoff rule 6). */
import { CsiError, invalidArgument } from '../../csi/errors.ts';
import type { ControllerPublishVolumeRequest__Output } from '../../csi/gen/csi/v1/ControllerPublishVolumeRequest.ts';
import type { ControllerPublishVolumeResponse } from '../../csi/gen/csi/v1/ControllerPublishVolumeResponse.ts';
import type { ControllerUnpublishVolumeRequest__Output } from '../../csi/gen/csi/v1/ControllerUnpublishVolumeRequest.ts';
import type { ControllerUnpublishVolumeResponse } from '../../csi/gen/csi/v1/ControllerUnpublishVolumeResponse.ts';
import type { CallContext } from '../../csi/rpc.ts';
import { accessComplaint, isReader } from '../../csi/validate/capability.ts';
import {
  parseControllerPublishVolume,
  parseControllerUnpublishVolume,
  type ControllerPublishVolumeIntent,
} from '../../csi/validate/controller-publish-volume.ts';
import type { PublishedNode, SyncthingVolume } from '../../desired/volume.ts';
import { decidePublish, withoutPublished, type PublishDecision } from '../../handoff/published.ts';
import { expelledAs } from '../../handoff/view.ts';
import { isKubernetesError } from '../../kubernetes/errors.ts';
import { SYNCTHING_NODES, SYNCTHING_VOLUMES } from '../../kubernetes/resource-kind.ts';
import { apiFailure } from './api-failure.ts';
import { findVolume, type ServiceContext } from './service-context.ts';
import { whileItChanges } from './while-it-changes.ts';

/**
 * Sends away who would wait for another node, and has a copy made early; it gives nobody the volume. The same call
 * again finds its own answer.
 */
export async function controllerPublishVolume(
  ctx: ServiceContext,
  request: ControllerPublishVolumeRequest__Output,
  { signal }: CallContext,
): Promise<ControllerPublishVolumeResponse> {
  const intent = parseControllerPublishVolume(request);
  const { volumeId, nodeId } = intent;
  const doing = `publish volume ${volumeId} to node ${nodeId}`;
  return await whileItChanges({ volumeId, doing }, () => publish(ctx, intent, signal));
}

async function publish(
  ctx: ServiceContext,
  { volumeId, nodeId, capability }: ControllerPublishVolumeIntent,
  signal: AbortSignal,
): Promise<ControllerPublishVolumeResponse> {
  const volume = await findVolume(ctx, volumeId, signal);
  if (volume === undefined || volume.spec.deletion !== undefined) {
    const state = volume === undefined ? 'does not exist' : 'is being deleted';
    throw new CsiError('not-found', `volume ${volumeId} ${state}`);
  }
  const complaint = accessComplaint([capability.mode], volume.spec.access);
  if (complaint !== undefined) throw invalidArgument('volume_capability.access_mode', complaint);
  await assertNode(ctx, nodeId, signal);
  const now = new Date(ctx.clock.now()).toISOString();
  const decision = decidePublish(volume, { node: nodeId, reads: isReader(capability), now });
  if (decision.kind === 'publish') await write(ctx, volume, { published: decision.published, signal });
  else if (decision.kind !== 'already') throw refusal(volumeId, nodeId, decision);
  return {};
}

async function assertNode(ctx: ServiceContext, node: string, signal: AbortSignal): Promise<void> {
  try {
    ctx.known.nodes.note(await ctx.client.get(SYNCTHING_NODES, node, { signal }));
    if (expelledAs(ctx.known.nodes.items(), node) === undefined) return;
  } catch (error) {
    if (!isKubernetesError(error, 'not-found')) throw apiFailure(`look up node ${node}`, error);
    throw new CsiError('not-found', `node ${node} does not exist, or no driver pod has reported from it yet`);
  }
  throw new CsiError('failed-precondition', `node ${node} was expelled: docs/security.md`);
}

function refusal(
  volumeId: string,
  node: string,
  { kind, reason }: Extract<PublishDecision, { readonly reason: string }>,
): CsiError {
  const code = kind === 'incompatible' ? 'already-exists' : 'failed-precondition';
  return new CsiError(code, `volume ${volumeId} cannot be published to node ${node}: ${reason}`);
}

/**
 * Ends nothing: whether the node still writes is for its flush to say, and Kubernetes calls this by force after six
 * minutes as well.
 */
export async function controllerUnpublishVolume(
  ctx: ServiceContext,
  request: ControllerUnpublishVolumeRequest__Output,
  { signal }: CallContext,
): Promise<ControllerUnpublishVolumeResponse> {
  const { volume, nodeId } = parseControllerUnpublishVolume(request);
  const { kind, volumeId } = volume;
  if (kind === 'foreign') return {};
  const doing = `unpublish volume ${volumeId}`;
  return await whileItChanges({ volumeId, doing }, async () => {
    const found = await findVolume(ctx, volumeId, signal);
    if (found === undefined) return {};
    const published = withoutPublished(found.status.published, nodeId);
    if (published !== found.status.published) await write(ctx, found, { published, signal });
    return {};
  });
}

interface Writing {
  readonly published: readonly PublishedNode[];
  readonly signal: AbortSignal;
}

/** Rejects with `conflict` where the volume changed since it was looked at; one that is gone has nothing published. */
async function write(
  ctx: ServiceContext,
  volume: SyncthingVolume,
  { published, signal }: Writing,
): Promise<void> {
  try {
    const status = { ...volume.status, published };
    ctx.known.volumes.note(await ctx.client.replaceStatus(SYNCTHING_VOLUMES, volume, status, { signal }));
  } catch (error) {
    if (!isKubernetesError(error, 'not-found')) throw error;
    if (published.length > volume.status.published.length)
      throw new CsiError('not-found', `volume ${volume.volumeId} was deleted meanwhile`, { cause: error });
  }
}
