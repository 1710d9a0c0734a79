import type { Clock } from '../runtime/clock.ts';
import type { CallOptions, SyncthingClient } from './client.ts';

/** What all folders of one daemon have in common, read once a round. */
export interface DaemonView {
  readonly deviceId: string;
  /** Identity of the daemon's process. */
  readonly startTime: string;
  readonly connected: ReadonlySet<string>;
  /** As {@link SyncthingClient.lastScans}. */
  readonly lastScans: ReadonlyMap<string, number>;
  /** When this was read, milliseconds since the epoch. */
  readonly now: number;
}

export async function observeDaemon(
  client: Pick<SyncthingClient, 'systemStatus' | 'connections' | 'lastScans'>,
  clock: Pick<Clock, 'now'>,
  call: CallOptions,
): Promise<DaemonView> {
  const { myID, startTime } = await client.systemStatus(call);
  const connections = await client.connections(call);
  const lastScans = await client.lastScans(call);
  const connected = [...connections].filter(([, connection]) => connection.connected);
  return {
    deviceId: myID,
    startTime,
    connected: new Set(connected.map(([deviceId]) => deviceId)),
    lastScans,
    now: clock.now(),
  };
}
