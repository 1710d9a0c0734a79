import type { NodeUnpublishVolumeRequest__Output } from '../csi/gen/csi/v1/NodeUnpublishVolumeRequest.ts';
import type { NodeUnpublishVolumeResponse } from '../csi/gen/csi/v1/NodeUnpublishVolumeResponse.ts';
import type { Rpc } from '../csi/rpc.ts';
import { parseNodeUnpublishVolume } from '../csi/validate/node-publish-volume.ts';
import { kubeletPath, retryable } from './call-errors.ts';
import type { NodeContext } from './context.ts';
import { untilDetached } from './until-detached.ts';
import { volumeMounts } from './volume-mounts.ts';
import type { VolumeRecord } from './volumes.ts';

/**
 * CSI 1.12, NodeUnpublishVolume. The last one begins the flush and waits a little for it: drain and shutdown wait for
 * this call and not for NodeUnstageVolume. It answers OK all the same when the flush takes longer (handoff rule 18).
 */
export function nodeUnpublishVolume(
  ctx: NodeContext,
): Rpc<NodeUnpublishVolumeRequest__Output, NodeUnpublishVolumeResponse> {
  return async (request, call) => {
    const { volume, targetPath } = parseNodeUnpublishVolume(request);
    kubeletPath('target_path', ctx.kubeletDir, targetPath);
    const { volumeId } = volume;
    ctx.wanted.drop(volumeId);
    ctx.wake.nodeReport();
    await ctx.mutex.run(volumeId, () =>
      retryable(`volume ${volumeId} cannot be unpublished on ${ctx.node}`, async () => {
        const wasMounted = (await ctx.mounter.mountAt(targetPath)) !== undefined;
        await ctx.mounter.unmount(targetPath, call.signal);
        if (wasMounted) outdateScans(ctx.volumes.record(volumeId));
        await ctx.mountPoints.remove(targetPath);
      }),
    );
    if (volume.kind === 'own') await waitForFlush(ctx, volumeId, call);
    return {};
  };
}

/**
 * A scan of before proves nothing of what that pod wrote, whatever was seen of its mount: one look at a table of mounts
 * that changes meanwhile may miss one (before Linux 5.8 each unmount could hide another mount from who was reading it).
 */
function outdateScans(record: VolumeRecord): void {
  record.unpublished = (record.unpublished ?? 0) + 1;
  if (record.scan?.afterUnmount === true) delete record.scan;
}

interface Call {
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

async function waitForFlush(ctx: NodeContext, volumeId: string, { deadlineMs, signal }: Call): Promise<void> {
  // Whatever staged it had its pod: the next one opens a session of its own, and until then there is a flush to do.
  delete ctx.volumes.record(volumeId).stagedAt;
  ctx.wake.volume(volumeId);
  const { pods } = await volumeMounts(ctx, volumeId);
  if (pods.length > 0) return;
  const { detachWaitMs, deadlineReserveMs } = ctx.settings;
  const until = Math.min(ctx.clock.now() + detachWaitMs, deadlineMs - deadlineReserveMs);
  const outcome = await untilDetached(ctx, volumeId, { until, signal });
  if (outcome.kind === 'attached')
    ctx.log.info({ volumeId, reason: outcome.reason }, 'the flush goes on after NodeUnpublishVolume');
}
