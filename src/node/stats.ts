import { statfs } from 'node:fs/promises';
import type { NodeGetVolumeStatsRequest__Output } from '../csi/gen/csi/v1/NodeGetVolumeStatsRequest.ts';
import type { NodeGetVolumeStatsResponse } from '../csi/gen/csi/v1/NodeGetVolumeStatsResponse.ts';
import { CsiError } from '../csi/errors.ts';
import type { Rpc } from '../csi/rpc.ts';
import { parseNodeGetVolumeStats } from '../csi/validate/node-get-volume-stats.ts';
import type { SyncthingClient } from '../syncthing/client.ts';
import type { NodeContext } from './context.ts';

interface Used {
  readonly bytes: number;
  readonly items: number;
}

/**
 * CSI 1.12, NodeGetVolumeStats. The kubelet asks for every volume once a minute, so that nothing is walked: what is
 * used is what Syncthing's index counts, as of its last scan; what is free is the filesystem's, which all volumes of
 * the node share.
 */
export function nodeGetVolumeStats(
  ctx: NodeContext,
): Rpc<NodeGetVolumeStatsRequest__Output, NodeGetVolumeStatsResponse> {
  return async (request, { signal }) => {
    const { volumeId, volumePath } = parseNodeGetVolumeStats(request);
    const { directory } = ctx.store.layout.volume(volumeId);
    if (!volumePath.startsWith('/') || !(await isMountOf(ctx, volumeId, volumePath))) {
      throw new CsiError('not-found', `volume ${volumeId} is not mounted at ${volumePath} on ${ctx.node}`);
    }
    const disk = await statfs(directory);
    const used = await usedBy(ctx.syncthing, volumeId, signal);
    const available = disk.bavail * disk.bsize;
    return {
      usage: [
        {
          unit: 'BYTES',
          used: String(used.bytes),
          available: String(available),
          total: String(used.bytes + available),
        },
        {
          unit: 'INODES',
          used: String(used.items),
          available: String(disk.ffree),
          total: String(used.items + disk.ffree),
        },
      ],
    };
  };
}

async function isMountOf(ctx: NodeContext, volumeId: string, volumePath: string): Promise<boolean> {
  try {
    const mounts = await ctx.mounter.mountsOf(ctx.store.layout.volume(volumeId).data);
    return mounts.some(({ mountPoint }) => mountPoint === volumePath);
  } catch {
    return false;
  }
}

const STATS_TIMEOUT_MS = 2_000;

/** A daemon that does not answer leaves the figure unknown, not the call without an answer. */
async function usedBy(syncthing: SyncthingClient, folderId: string, signal: AbortSignal): Promise<Used> {
  try {
    const status = await syncthing.folderStatus(folderId, { signal, timeoutMs: STATS_TIMEOUT_MS });
    return { bytes: status.localBytes, items: status.localTotalItems };
  } catch {
    return { bytes: 0, items: 0 };
  }
}
