import type { NodeStageVolumeRequest__Output } from '../gen/csi/v1/NodeStageVolumeRequest.ts';
import type { NodeUnstageVolumeRequest__Output } from '../gen/csi/v1/NodeUnstageVolumeRequest.ts';
import type { Capability } from './capability.ts';
import { parseCapability } from './capability.ts';
import { parseTarget } from './target.ts';
import type { VolumeRef } from './volume-ref.ts';
import { parseVolumeRef, requireOwn } from './volume-ref.ts';

export interface NodeStageVolumeIntent {
  readonly volumeId: string;
  readonly stagingTargetPath: string;
  readonly capability: Capability;
  readonly volumeContext: Readonly<Record<string, string>>;
}

export interface NodeUnstageVolumeIntent {
  /** With a foreign id nothing was ever staged; the path is cleaned up all the same. */
  readonly volume: VolumeRef;
  readonly stagingTargetPath: string;
}

/** CSI 1.12, NodeStageVolume; an id of another form is NOT_FOUND, once the rest is in order. */
export function parseNodeStageVolume(request: NodeStageVolumeRequest__Output): NodeStageVolumeIntent {
  const ref = parseVolumeRef(request.volumeId);
  const stagingTargetPath = parseTarget('staging_target_path', request.stagingTargetPath);
  const capability = parseCapability('volume_capability', request.volumeCapability);
  return { volumeId: requireOwn(ref), stagingTargetPath, capability, volumeContext: request.volumeContext };
}

/** CSI 1.12, NodeUnstageVolume. */
export function parseNodeUnstageVolume(request: NodeUnstageVolumeRequest__Output): NodeUnstageVolumeIntent {
  const volume = parseVolumeRef(request.volumeId);
  return { volume, stagingTargetPath: parseTarget('staging_target_path', request.stagingTargetPath) };
}
