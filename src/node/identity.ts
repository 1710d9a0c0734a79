import { CsiError } from '../csi/errors.ts';
import type { IdentityRpcs } from '../csi/server.ts';
import type { Clock } from '../runtime/clock.ts';
import type { SyncthingHealth } from './syncthing-health.ts';

export interface IdentityOptions {
  readonly driverName: string;
  readonly version: string;
  readonly health: SyncthingHealth;
  readonly clock: Clock;
  /** What this node reports has come from the API server once. */
  readonly isStarted: () => boolean;
}

/** Syncthing restarts by itself; only one that stays away makes the driver unhealthy. */
const AWAY_MS = 60_000;

/**
 * CSI 1.12, Identity. Name and capabilities are answered at once, since sidecars exit otherwise. Probe says "not ready"
 * while starting, and FAILED_PRECONDITION when it cannot serve.
 */
export function identityRpcs({
  driverName,
  version,
  health,
  clock,
  isStarted,
}: IdentityOptions): IdentityRpcs {
  return {
    async GetPluginInfo() {
      return { name: driverName, vendorVersion: version };
    },
    async GetPluginCapabilities() {
      return { capabilities: [{ service: { type: 'CONTROLLER_SERVICE' } }] };
    },
    async Probe() {
      const { state } = health;
      if (state.kind === 'away' && clock.now() - state.since > AWAY_MS) {
        throw new CsiError('failed-precondition', state.message);
      }
      return { ready: { value: isStarted() && state.kind === 'ready' } };
    },
  };
}
