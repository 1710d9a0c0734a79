import type { SyncthingVolume } from '../../desired/volume.ts';
import { parseVolumeId } from '../../desired/volume-id.ts';
import { isKubernetesError } from '../../kubernetes/errors.ts';
import { SYNCTHING_VOLUMES } from '../../kubernetes/resource-kind.ts';
import type { ControllerContext } from '../context.ts';
import { apiFailure } from './api-failure.ts';

/** What the CSI calls work with; they read what they answer about live, never from a cache. */
export type ServiceContext = Pick<
  ControllerContext,
  'client' | 'known' | 'liveness' | 'clock' | 'settings' | 'driverName' | 'storageLabel'
>;

/** The volume of that id as it is now; undefined where there is none, or the name belongs to a later one. */
export async function findVolume(
  ctx: Pick<ServiceContext, 'client'>,
  volumeId: string,
  signal: AbortSignal,
): Promise<SyncthingVolume | undefined> {
  const name = parseVolumeId(volumeId)?.name;
  if (name === undefined) return undefined;
  try {
    const volume = await ctx.client.get(SYNCTHING_VOLUMES, name, { signal });
    return volume.volumeId === volumeId ? volume : undefined;
  } catch (error) {
    if (isKubernetesError(error, 'not-found')) return undefined;
    throw apiFailure(`look up volume ${volumeId}`, error);
  }
}
