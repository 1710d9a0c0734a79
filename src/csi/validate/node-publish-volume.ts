import { CsiError, invalidArgument } from '../errors.ts';
import type { NodePublishVolumeRequest__Output } from '../gen/csi/v1/NodePublishVolumeRequest.ts';
import type { NodeUnpublishVolumeRequest__Output } from '../gen/csi/v1/NodeUnpublishVolumeRequest.ts';
import type { Capability } from './capability.ts';
import { parseCapability } from './capability.ts';
import { parseTarget } from './target.ts';
import type { VolumeRef } from './volume-ref.ts';
import { parseVolumeRef, requireOwn } from './volume-ref.ts';

export interface NodePublishVolumeIntent {
  readonly volumeId: string;
  readonly stagingTargetPath: string;
  readonly targetPath: string;
  readonly capability: Capability;
  readonly readOnly: boolean;
  readonly volumeContext: Readonly<Record<string, string>>;
  /** Where CSIDriver.podInfoOnMount is set. */
  readonly podUid?: string;
}

export interface NodeUnpublishVolumeIntent {
  /** With a foreign id nothing was ever published; the path is cleaned up all the same. */
  readonly volume: VolumeRef;
  readonly targetPath: string;
}

/**
 * A container runtime makes its own mount of ours, and takes its word from the pod alone: where that says nothing, it
 * makes the mount writable, whatever ours is (seen with containerd 2.4 and runc).
 */
const WRITABLE_ALL_THE_SAME =
  'is false, but the PersistentVolume is for reading (ReadOnlyMany, or ro among its mount options), and its files would ' +
  'be writable in this pod: set readOnly: true under persistentVolumeClaim in the pod';

/** CSI 1.12, NodePublishVolume; an id of another form is NOT_FOUND, once the rest is in order. */
export function parseNodePublishVolume(request: NodePublishVolumeRequest__Output): NodePublishVolumeIntent {
  const ref = parseVolumeRef(request.volumeId);
  const targetPath = parseTarget('target_path', request.targetPath);
  const capability = parseCapability('volume_capability', request.volumeCapability);
  const { volumeContext } = request;
  if (volumeContext['csi.storage.k8s.io/ephemeral'] === 'true') {
    throw invalidArgument('volume_context', 'inline volumes are not offered; use a generic ephemeral volume');
  }
  if (capability.readOnly && !request.readonly) throw invalidArgument('readonly', WRITABLE_ALL_THE_SAME);
  const stagingTargetPath = parseStaged(request.stagingTargetPath);
  const podUid = volumeContext['csi.storage.k8s.io/pod.uid'];
  return {
    volumeId: requireOwn(ref),
    stagingTargetPath,
    targetPath,
    capability,
    readOnly: request.readonly,
    volumeContext,
    ...(podUid !== undefined && { podUid }),
  };
}

/** CSI 1.12, NodeUnpublishVolume. */
export function parseNodeUnpublishVolume(
  request: NodeUnpublishVolumeRequest__Output,
): NodeUnpublishVolumeIntent {
  const volume = parseVolumeRef(request.volumeId);
  return { volume, targetPath: parseTarget('target_path', request.targetPath) };
}

/** That it is missing is no bad field but a step left out (CSI 1.12, NodePublishVolume Errors). */
function parseStaged(stagingTargetPath: string): string {
  if (stagingTargetPath !== '') return parseTarget('staging_target_path', stagingTargetPath);
  throw new CsiError(
    'failed-precondition',
    'staging_target_path: is missing; NodeStageVolume has to come first',
  );
}
