import { parseVolumeId } from '../../desired/volume-id.ts';
import { CsiError, invalidArgument } from '../errors.ts';
import type { ListVolumesRequest__Output } from '../gen/csi/v1/ListVolumesRequest.ts';

export interface ListVolumesIntent {
  /** Absent for no limit. */
  readonly maxEntries?: number;
  /** List what sorts after this volume id; it may have been deleted since. */
  readonly after?: string;
}

/** CSI 1.12, ListVolumes. The token is the id of the last volume listed; one that is none of ours is ABORTED. */
export function parseListVolumes(request: ListVolumesRequest__Output): ListVolumesIntent {
  const { maxEntries, startingToken } = request;
  if (maxEntries < 0) throw invalidArgument('max_entries', 'is negative; 0 lists all');
  if (startingToken !== '' && parseVolumeId(startingToken) === undefined) {
    throw new CsiError(
      'aborted',
      'starting_token: is not one that ListVolumes gave; begin again without a token',
    );
  }
  return { ...(maxEntries > 0 && { maxEntries }), ...(startingToken !== '' && { after: startingToken }) };
}
