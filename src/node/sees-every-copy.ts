import type { SyncthingReplicaSpec } from '../desired/replica.ts';
import type { NodeContext } from './context.ts';

/**
 * Whether Syncthing can tell at this moment what any copy of the volume has (handoff rule 42). That a device is connected
 * is not enough: Syncthing counts it among those that have a file once it has said what it shares, a moment later, while
 * its index is known from before it went off. Who concludes that nobody has a file asks this before and after he looks.
 */
export async function seesEveryCopy(
  { syncthing }: Pick<NodeContext, 'syncthing'>,
  { folderId, peers }: Pick<SyncthingReplicaSpec, 'folderId' | 'peers'>,
  signal: AbortSignal,
): Promise<boolean> {
  const connections = await syncthing.connections({ signal });
  for (const { deviceId } of peers) {
    if (connections.get(deviceId)?.connected !== true) return false;
    const { remoteState, sequence } = await syncthing.completion(folderId, { signal, deviceId });
    if (remoteState !== 'valid' || sequence === 0) return false;
  }
  return true;
}
