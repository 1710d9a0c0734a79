import { MountError } from '../mount/errors.ts';
import type { NodeContext } from './context.ts';
import { sortMounts, type VolumeMounts } from './found-mounts.ts';

/** Mounts of `data/` or below in any process's view; without the directory nothing of it can be mounted. */
export async function volumeMounts(ctx: NodeContext, folderId: string): Promise<VolumeMounts> {
  const { stagingPaths } = ctx.volumes.record(folderId);
  try {
    const found = await ctx.mounter.findMountsOf(ctx.store.layout.volume(folderId).data);
    return sortMounts(found, { ownNamespace: ctx.ownNamespace, stagingPaths });
  } catch (error) {
    if (error instanceof MountError && error.kind === 'not-found') return { pods: [], staging: [] };
    throw error;
  }
}
