import type { ControllerPublishVolumeRequest__Output } from '../gen/csi/v1/ControllerPublishVolumeRequest.ts';
import type { ControllerUnpublishVolumeRequest__Output } from '../gen/csi/v1/ControllerUnpublishVolumeRequest.ts';
import type { Capability } from './capability.ts';
import { parseCapability } from './capability.ts';
import { parseName } from './name.ts';
import type { VolumeRef } from './volume-ref.ts';
import { parseVolumeRef, requireOwn } from './volume-ref.ts';

export interface ControllerPublishVolumeIntent {
  readonly volumeId: string;
  readonly nodeId: string;
  readonly capability: Capability;
  readonly readOnly: boolean;
}

export interface ControllerUnpublishVolumeIntent {
  readonly volume: VolumeRef;
  /** Absent for every node. */
  readonly nodeId?: string;
}

/** CSI 1.12, ControllerPublishVolume. */
export function parseControllerPublishVolume(
  request: ControllerPublishVolumeRequest__Output,
): ControllerPublishVolumeIntent {
  const ref = parseVolumeRef(request.volumeId);
  const nodeId = parseName('node_id', request.nodeId);
  const capability = parseCapability('volume_capability', request.volumeCapability);
  return { volumeId: requireOwn(ref), nodeId, capability, readOnly: request.readonly || capability.readOnly };
}

/** CSI 1.12, ControllerUnpublishVolume: what is not attached is OK. */
export function parseControllerUnpublishVolume(
  request: ControllerUnpublishVolumeRequest__Output,
): ControllerUnpublishVolumeIntent {
  const volume = parseVolumeRef(request.volumeId);
  return request.nodeId === '' ? { volume } : { volume, nodeId: parseName('node_id', request.nodeId) };
}
