import type { SyncthingClient } from '../syncthing/client.ts';
import type { ObservedFolders } from './plan.ts';

export async function observeFolders(client: SyncthingClient, signal: AbortSignal): Promise<ObservedFolders> {
  const [{ myID }, { devices, folders }] = await Promise.all([
    client.systemStatus({ signal }),
    client.config({ signal }),
  ]);
  return { ownDeviceId: myID, deviceIds: devices.map(({ deviceID }) => deviceID), folders };
}
