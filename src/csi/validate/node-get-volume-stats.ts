import { invalidArgument } from '../errors.ts';
import type { NodeGetVolumeStatsRequest__Output } from '../gen/csi/v1/NodeGetVolumeStatsRequest.ts';
import { parseVolumeRef, requireOwn } from './volume-ref.ts';

export interface NodeGetVolumeStatsIntent {
  readonly volumeId: string;
  /** As given: a path where nothing is mounted, even a relative one, is NOT_FOUND. */
  readonly volumePath: string;
}

/** CSI 1.12, NodeGetVolumeStats. */
export function parseNodeGetVolumeStats(
  request: NodeGetVolumeStatsRequest__Output,
): NodeGetVolumeStatsIntent {
  const ref = parseVolumeRef(request.volumeId);
  if (request.volumePath === '') throw invalidArgument('volume_path', 'is missing');
  return { volumeId: requireOwn(ref), volumePath: request.volumePath };
}
