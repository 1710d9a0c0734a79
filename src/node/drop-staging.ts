import type { NodeContext } from './context.ts';
import { volumeMounts } from './volume-mounts.ts';

/**
 * Unmounts what was staged of a copy that a tombstone buries: its order is gone with the volume, and a kubelet that was
 * restarted in between never calls NodeUnstage (handoff rules 18 and 33). While a pod has it mounted, nothing is done.
 */
export async function dropStaging(ctx: NodeContext, folderId: string, signal: AbortSignal): Promise<void> {
  if (ctx.volumes.record(folderId).order !== undefined) return;
  await ctx.mutex.run(folderId, async () => {
    const { pods, staging } = await volumeMounts(ctx, folderId);
    if (pods.length > 0) return;
    for (const target of staging) await ctx.mounter.unmount(target, signal);
  });
}
