import { isDeepStrictEqual } from 'node:util';
import type { DeviceConfig } from './client.ts';

export interface DeviceInput {
  readonly deviceId: string;
  /** The node's name, for people. */
  readonly name: string;
  /** `tcp://10.0.0.2:22000`, see `listenAddress`. Never empty: the daemon would look outside for it. */
  readonly addresses: readonly [string, ...string[]];
  /** The fence of handoff rule 26. */
  readonly paused?: boolean;
  /** CIDRs from which the device may connect; empty is anywhere. */
  readonly allowedNetworks?: readonly string[];
}

/**
 * A complete device for `putDevices`: dialled at its addresses only, believed nothing about other
 * devices or folders. Keys that we leave out get the daemon's defaults.
 */
export function deviceConfig(input: DeviceInput): DeviceConfig {
  return {
    deviceID: input.deviceId,
    name: input.name,
    addresses: [...input.addresses],
    paused: input.paused ?? false,
    allowedNetworks: [...(input.allowedNetworks ?? [])],
    compression: 'metadata',
    introducer: false,
    skipIntroductionRemovals: false,
    introducedBy: '',
    autoAcceptFolders: false,
    untrusted: false,
    maxSendKbps: 0,
    maxRecvKbps: 0,
    maxRequestKiB: 0,
    numConnections: 0,
  };
}

/** Whether the daemon's device is what we would put, over the keys that {@link deviceConfig} renders. */
export function sameDevice(actual: DeviceConfig, desired: DeviceConfig): boolean {
  return Object.entries(desired).every(([key, value]) => isDeepStrictEqual(actual[key], value));
}
