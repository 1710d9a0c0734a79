import type { IdentityRpcs } from '../../csi/server.ts';

export interface IdentityOptions {
  readonly driverName: string;
  readonly version: string;
  /** What was read of the API server suffices to answer. */
  readonly isReady: () => boolean;
}

/** CSI 1.12, Identity. No topology is announced: the pod's node is chosen without the volume. */
export function identityRpcs({ driverName, version, isReady }: IdentityOptions): IdentityRpcs {
  return {
    async GetPluginInfo() {
      return { name: driverName, vendorVersion: version };
    },
    async GetPluginCapabilities() {
      return { capabilities: [{ service: { type: 'CONTROLLER_SERVICE' } }] };
    },
    async Probe() {
      return { ready: { value: isReady() } };
    },
  };
}
