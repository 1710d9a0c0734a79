import type { DeleteVolumeRequest__Output } from '../gen/csi/v1/DeleteVolumeRequest.ts';
import type { VolumeRef } from './volume-ref.ts';
import { parseVolumeRef } from './volume-ref.ts';

/** CSI 1.12, DeleteVolume: a volume that is not there is deleted, so a foreign id is answered with OK. */
export function parseDeleteVolume(request: DeleteVolumeRequest__Output): VolumeRef {
  return parseVolumeRef(request.volumeId);
}
