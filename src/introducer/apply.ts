import type { PassReport } from '../desired/node-view.ts';
import { changed } from '../runtime/apply-actions.ts';
import type { SyncthingClient } from '../syncthing/client.ts';
import type { IntroducerAction } from './plan.ts';

export function nodesOf(action: IntroducerAction): readonly string[] {
  return action.kind === 'put' ? action.devices.map(({ node }) => node) : [action.node];
}

export async function applyIntroducer(
  client: SyncthingClient,
  action: IntroducerAction,
  signal: AbortSignal,
): Promise<PassReport> {
  switch (action.kind) {
    case 'fence':
    case 'disconnect':
      await client.setDevicePaused(action.deviceId, true, { signal });
      return changed(1);
    case 'put':
      await client.putDevices(
        action.devices.map(({ device }) => device),
        { signal },
      );
      return changed(action.devices.length);
    case 'remove':
      await client.deleteDevice(action.deviceId, { signal });
      return changed(1);
  }
}
