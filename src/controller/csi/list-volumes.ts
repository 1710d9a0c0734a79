import type { ListVolumesRequest__Output } from '../../csi/gen/csi/v1/ListVolumesRequest.ts';
import type { ListVolumesResponse } from '../../csi/gen/csi/v1/ListVolumesResponse.ts';
import type { CallContext } from '../../csi/rpc.ts';
import { parseListVolumes } from '../../csi/validate/list-volumes.ts';
import type { SyncthingVolume } from '../../desired/volume.ts';
import { labelsOf } from '../../kubernetes/labels.ts';
import { SYNCTHING_VOLUMES } from '../../kubernetes/resource-kind.ts';
import { apiFailure } from './api-failure.ts';
import type { ServiceContext } from './service-context.ts';

/** By volume id, so that a page goes on where the last one ended, whatever was made or deleted in between. */
export async function listVolumes(
  ctx: ServiceContext,
  request: ListVolumesRequest__Output,
  { signal }: CallContext,
): Promise<ListVolumesResponse> {
  const { after = '', maxEntries = Number.POSITIVE_INFINITY } = parseListVolumes(request);
  const found = await liveVolumes(ctx, signal);
  const rest = found.filter((volume) => volume.volumeId > after);
  const page = rest.slice(0, maxEntries);
  const last = page.at(-1);
  return {
    entries: page.map(({ volumeId, spec }) => ({
      volume: { volumeId, capacityBytes: String(spec.capacityBytes) },
    })),
    nextToken: last !== undefined && page.length < rest.length ? last.volumeId : '',
  };
}

/** One that is being deleted is deleted, as far as the caller of DeleteVolume was told. */
async function liveVolumes(ctx: ServiceContext, signal: AbortSignal): Promise<readonly SyncthingVolume[]> {
  try {
    const { items } = await ctx.client.list(
      SYNCTHING_VOLUMES,
      { labels: labelsOf(ctx.driverName) },
      { signal },
    );
    return items
      .filter((volume) => volume.spec.deletion === undefined)
      .toSorted((a, b) => (a.volumeId < b.volumeId ? -1 : 1));
  } catch (error) {
    throw apiFailure('list the volumes', error);
  }
}
