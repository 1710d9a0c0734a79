import type { SyncthingClient } from '../syncthing/client.ts';
import type { ObservedDevices } from './plan.ts';

export async function observeDevices(client: SyncthingClient, signal: AbortSignal): Promise<ObservedDevices> {
  const [{ myID }, { devices, folders }] = await Promise.all([
    client.systemStatus({ signal }),
    client.config({ signal }),
  ]);
  return { ownDeviceId: myID, devices, folders };
}
