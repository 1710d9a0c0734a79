import type { NodeStageVolumeRequest__Output } from '../csi/gen/csi/v1/NodeStageVolumeRequest.ts';
import type { NodeStageVolumeResponse } from '../csi/gen/csi/v1/NodeStageVolumeResponse.ts';
import type { NodeUnstageVolumeRequest__Output } from '../csi/gen/csi/v1/NodeUnstageVolumeRequest.ts';
import type { NodeUnstageVolumeResponse } from '../csi/gen/csi/v1/NodeUnstageVolumeResponse.ts';
import { CsiError } from '../csi/errors.ts';
import type { Rpc } from '../csi/rpc.ts';
import { parseNodeStageVolume, parseNodeUnstageVolume } from '../csi/validate/node-stage-volume.ts';
import { kubeletPath, retryable } from './call-errors.ts';
import type { NodeContext } from './context.ts';
import { ensureStaged } from './ensure-staged.ts';
import { untilDetached } from './until-detached.ts';

/** CSI 1.12, NodeStageVolume: the volume is in sync, granted to this node, and mounted at the staging path. */
export function nodeStageVolume(
  ctx: NodeContext,
): Rpc<NodeStageVolumeRequest__Output, NodeStageVolumeResponse> {
  return async (request, call) => {
    const { volumeId, stagingTargetPath, capability } = parseNodeStageVolume(request);
    const stagingPath = kubeletPath('staging_target_path', ctx.kubeletDir, stagingTargetPath);
    await ensureStaged(ctx, { volumeId, stagingPath, capability }, call);
    return {};
  };
}

/**
 * CSI 1.12, NodeUnstageVolume: unmounts, and waits until other copies are proven to hold what was written, for as long
 * as the call lasts. The flush goes on whatever is answered (handoff rule 18).
 */
export function nodeUnstageVolume(
  ctx: NodeContext,
): Rpc<NodeUnstageVolumeRequest__Output, NodeUnstageVolumeResponse> {
  return async (request, call) => {
    const { volume, stagingTargetPath } = parseNodeUnstageVolume(request);
    const stagingPath = kubeletPath('staging_target_path', ctx.kubeletDir, stagingTargetPath);
    const { volumeId } = volume;
    ctx.wanted.drop(volumeId);
    await ctx.mutex.run(volumeId, () =>
      retryable(`volume ${volumeId} cannot be unstaged on ${ctx.node}`, async () => {
        await ctx.mounter.unmount(stagingPath, call.signal);
        await ctx.mountPoints.remove(stagingPath);
      }),
    );
    if (volume.kind === 'foreign') return {};
    noteUnstaged(ctx, volumeId, stagingPath);
    const { unstageWaitMs, deadlineReserveMs } = ctx.settings;
    const until = Math.min(call.deadlineMs - deadlineReserveMs, ctx.clock.now() + unstageWaitMs);
    const outcome = await untilDetached(ctx, volumeId, { until, signal: call.signal });
    if (outcome.kind === 'detached') return {};
    throw new CsiError(
      'unavailable',
      `volume ${volumeId} is not detached from ${ctx.node} yet: ${outcome.reason}`,
    );
  };
}

function noteUnstaged(ctx: NodeContext, volumeId: string, stagingPath: string): void {
  const record = ctx.volumes.record(volumeId);
  record.stagingPaths.delete(stagingPath);
  delete record.stagedAt;
  ctx.wake.nodeReport();
  ctx.wake.volume(volumeId);
}
