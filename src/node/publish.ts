import type { NodePublishVolumeRequest__Output } from '../csi/gen/csi/v1/NodePublishVolumeRequest.ts';
import type { NodePublishVolumeResponse } from '../csi/gen/csi/v1/NodePublishVolumeResponse.ts';
import { CsiError } from '../csi/errors.ts';
import type { CallContext, Rpc } from '../csi/rpc.ts';
import { isReader, type AccessMode } from '../csi/validate/capability.ts';
import { parseNodePublishVolume, type NodePublishVolumeIntent } from '../csi/validate/node-publish-volume.ts';
import { holdsGrant } from '../handoff/session.ts';
import { isShared } from '../handoff/writing.ts';
import { MountError } from '../mount/errors.ts';
import { asRetryable, kubeletPath, retryable } from './call-errors.ts';
import type { NodeContext } from './context.ts';
import { ensureStaged } from './ensure-staged.ts';
import { goingReason } from './keep-pods-out.ts';
import { placeOf, readVolume } from './live-volume.ts';
import { takeReading } from './take-reading.ts';
import { takeSession, type Session } from './take-session.ts';
import { takeWriting } from './take-writing.ts';
import { volumeMounts } from './volume-mounts.ts';

/**
 * CSI 1.12, NodePublishVolume. Does what NodeStageVolume does where that is not in force any more: with a second pod of
 * the same node in back-off the kubelet publishes again without staging (handoff rule 14).
 */
export function nodePublishVolume(
  ctx: NodeContext,
): Rpc<NodePublishVolumeRequest__Output, NodePublishVolumeResponse> {
  return async (request, call) => {
    const intent = parseNodePublishVolume(request);
    kubeletPath('target_path', ctx.kubeletDir, intent.targetPath);
    kubeletPath('staging_target_path', ctx.kubeletDir, intent.stagingTargetPath);
    if (await isPublished(ctx, intent, call.signal)) return {};
    await checkSingleTarget(ctx, intent);
    const { volumeId, stagingTargetPath: stagingPath, capability } = intent;
    await ensureStaged(ctx, { volumeId, stagingPath, capability }, call);
    await retryable(failing(ctx, volumeId), () => ctx.mutex.run(volumeId, () => publish(ctx, intent, call)));
    return {};
  };
}

function failing({ node }: NodeContext, volumeId: string): string {
  return `volume ${volumeId} cannot be published on ${node}`;
}

/** The same target with the same arguments is done already, with others it is ALREADY_EXISTS. */
async function isPublished(
  ctx: NodeContext,
  intent: NodePublishVolumeIntent,
  signal: AbortSignal,
): Promise<boolean> {
  const { targetPath, volumeId } = intent;
  const seen = await retryable(failing(ctx, volumeId), () => ctx.mounter.mountAt(targetPath));
  if (seen === undefined) return false;
  try {
    await bind(ctx, intent, signal);
    delete ctx.volumes.record(volumeId).stagedAt;
    return true;
  } catch (error) {
    if (!(error instanceof MountError) || error.kind !== 'busy')
      throw asRetryable(failing(ctx, volumeId), error);
    const message = `${targetPath} is in use by another volume, or by ${volumeId} with another readonly: unpublish it first`;
    throw new CsiError('already-exists', message, { cause: error });
  }
}

/** One pod alone, by the access mode; looked at before a directory is made, which may lie inside the first target. */
async function checkSingleTarget(
  ctx: NodeContext,
  { volumeId, targetPath, capability }: NodePublishVolumeIntent,
): Promise<void> {
  if (!SINGLE_TARGET.has(capability.mode)) return;
  const { pods } = await retryable(failing(ctx, volumeId), () => volumeMounts(ctx, volumeId));
  const others = pods.filter((mount) => mount !== targetPath);
  if (others.length === 0) return;
  throw new CsiError(
    'failed-precondition',
    `volume ${volumeId} is published at ${others.join(', ')}, and ${capability.mode} allows one pod at a time`,
  );
}

const SINGLE_TARGET: ReadonlySet<AccessMode> = new Set(['SINGLE_NODE_WRITER', 'SINGLE_NODE_SINGLE_WRITER']);

/**
 * The first pod of a session gets a session of its own: a flush may have begun since the volume was staged, and its
 * scan must not count for what this pod writes (handoff rule 22). A further pod joins the session. Readers have none:
 * each mounts under the right to read that the node has now (rule 36). Beside other writers each has one of its own,
 * and with it a live look whether the node still may write (rule 37).
 */
async function publish(ctx: NodeContext, intent: NodePublishVolumeIntent, call: CallContext): Promise<void> {
  const { volumeId, targetPath, capability } = intent;
  const { pods } = await volumeMounts(ctx, volumeId);
  const isBesideOthers = isShared(ctx.volumes.record(volumeId).order?.spec);
  if (isReader(capability)) assertOpen(volumeId, await takeReading(ctx, volumeId, call.signal));
  else if (isBesideOthers) assertOpen(volumeId, await takeWriting(ctx, volumeId, call.signal));
  else if (pods.length === 0) assertOpen(volumeId, await takeSession(ctx, volumeId, call.signal));
  else await joinSession(ctx, volumeId, call.signal);
  await ctx.mountPoints.create(targetPath);
  await bind(ctx, intent, call.signal);
  delete ctx.volumes.record(volumeId).stagedAt;
  ctx.wake.volume(volumeId);
}

function assertOpen(volumeId: string, session: Session): void {
  if (session.kind === 'open') return;
  const reason = session.reason ?? 'what this node was given ended meanwhile';
  throw new CsiError('unavailable', `volume ${volumeId} waits: ${reason}`);
}

/** The session of the pods that are there has to be the granted one, or a new pod would join a superseded writer. */
async function joinSession(ctx: NodeContext, volumeId: string, signal: AbortSignal): Promise<void> {
  const reason = goingReason(ctx, volumeId);
  if (reason !== undefined) return assertOpen(volumeId, { kind: 'wait', reason });
  const state = await ctx.states.read(volumeId);
  const volume = await readVolume(ctx, volumeId, signal);
  if (state?.phase.kind === 'writer' && holdsGrant(volume, placeOf(ctx), state.phase.epoch)) return;
  throw new CsiError(
    'unavailable',
    `volume ${volumeId} waits: pods of an older epoch still have it on ${ctx.node}; end them`,
  );
}

async function bind(
  ctx: NodeContext,
  { volumeId, targetPath, readOnly }: NodePublishVolumeIntent,
  signal: AbortSignal,
): Promise<void> {
  const { data } = ctx.store.layout.volume(volumeId);
  await ctx.mounter.bind({ source: data, target: targetPath, readOnly }, signal);
}
