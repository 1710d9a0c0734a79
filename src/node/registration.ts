import type { RegistrationRpcs } from '../csi/server.ts';
import type { Logger } from '../runtime/logger.ts';

export interface RegistrationOptions {
  readonly driverName: string;
  /** The CSI socket under the path by which the kubelet reaches it. */
  readonly endpoint: string;
  readonly log: Logger;
  /** Told by the kubelet. */
  readonly onRegistered: (isRegistered: boolean) => void;
}

/**
 * The kubelet's plugin registration v1: it finds the socket in its plugins_registry directory, asks who is there, and
 * says how it went. A refusal is retried by the kubelet while the socket stays.
 */
export function registrationRpcs({
  driverName,
  endpoint,
  log,
  onRegistered,
}: RegistrationOptions): RegistrationRpcs {
  return {
    async GetInfo() {
      return { type: 'CSIPlugin', name: driverName, endpoint, supportedVersions: ['1.0.0'] };
    },
    async NotifyRegistrationStatus({ pluginRegistered, error }) {
      onRegistered(pluginRegistered);
      if (pluginRegistered) log.info({ driverName }, 'registered with the kubelet');
      else log.error({ driverName, reason: error }, 'the kubelet refused the registration');
      return {};
    },
  };
}
