/** Whether the local Syncthing answers, and who it is. */
import type { Clock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/logger.ts';
import type { SyncthingClient } from '../syncthing/client.ts';
import { SyncthingError } from '../syncthing/errors.ts';

export type SyncthingState =
  /** Not asked yet. */
  | { readonly kind: 'unknown' }
  | {
      readonly kind: 'ready';
      readonly deviceId: string;
      readonly version: string;
      readonly startTime: string;
    }
  /** `since`: milliseconds; what was known of it before stays true, a device keeps its id. */
  | {
      readonly kind: 'away';
      readonly since: number;
      readonly message: string;
      readonly deviceId?: string;
      readonly version?: string;
    };

export interface SyncthingHealth {
  readonly state: SyncthingState;
  /** Asks now; never rejects. */
  check(signal: AbortSignal): Promise<SyncthingState>;
}

export interface SyncthingHealthOptions {
  readonly client: Pick<SyncthingClient, 'systemStatus' | 'version'>;
  /** For messages: where it was asked. */
  readonly socketPath: string;
  readonly node: string;
  readonly clock: Clock;
  readonly log: Logger;
}

const TIMEOUT_MS = 5_000;

export function createSyncthingHealth(options: SyncthingHealthOptions): SyncthingHealth {
  let state: SyncthingState = { kind: 'unknown' };
  return {
    get state() {
      return state;
    },
    async check(signal) {
      const before = state;
      state = await ask(options, before, signal);
      if (state.kind !== before.kind)
        options.log.info({ from: before.kind, to: state.kind }, 'Syncthing changed its state');
      return state;
    },
  };
}

async function ask(
  options: SyncthingHealthOptions,
  before: SyncthingState,
  signal: AbortSignal,
): Promise<SyncthingState> {
  const { client, clock, node, socketPath } = options;
  try {
    const { myID, startTime } = await client.systemStatus({ signal, timeoutMs: TIMEOUT_MS });
    const version = await client.version({ signal, timeoutMs: TIMEOUT_MS });
    return { kind: 'ready', deviceId: myID, version, startTime };
  } catch (error) {
    const { message } = SyncthingError.from(error);
    const since = before.kind === 'away' ? before.since : clock.now();
    const known = before.kind === 'unknown' ? {} : { deviceId: before.deviceId, version: before.version };
    return {
      kind: 'away',
      since,
      message: `Syncthing on ${node} does not answer at ${socketPath}: ${message}; see the log of the container syncthing of this pod`,
      ...(known.deviceId !== undefined && { deviceId: known.deviceId }),
      ...(known.version !== undefined && { version: known.version }),
    };
  }
}
