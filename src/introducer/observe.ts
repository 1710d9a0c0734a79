import type { SyncthingClient } from '../syncthing/client.ts';
import type { ObservedDevices } from './plan.ts';

export async function observeDevices(client: SyncthingClient, signal: AbortSignal): Promise<ObservedDevices> {
  const [{ myID }, { devices, folders }, connections] = await Promise.all([
    client.systemStatus({ signal }),
    client.config({ signal }),
    client.connections({ signal }),
  ]);
  const standing = [...connections].filter(([, { connected }]) => connected);
  const connectedTo = new Map(standing.map(([deviceId, { address }]) => [deviceId, address]));
  return { ownDeviceId: myID, devices, folders, connectedTo };
}
