import { CsiError } from '../../csi/errors.ts';
import type { ValidateVolumeCapabilitiesRequest__Output } from '../../csi/gen/csi/v1/ValidateVolumeCapabilitiesRequest.ts';
import type { ValidateVolumeCapabilitiesResponse } from '../../csi/gen/csi/v1/ValidateVolumeCapabilitiesResponse.ts';
import type { CallContext } from '../../csi/rpc.ts';
import { accessComplaint } from '../../csi/validate/capability.ts';
import {
  parseValidateVolumeCapabilities,
  type ValidateVolumeCapabilitiesIntent,
} from '../../csi/validate/validate-volume-capabilities.ts';
import type { SyncthingVolume } from '../../desired/volume.ts';
import { findVolume, type ServiceContext } from './service-context.ts';

/** CSI 1.12: what is not supported is answered with OK, without `confirmed` and with a message. */
export async function validateVolumeCapabilities(
  ctx: ServiceContext,
  request: ValidateVolumeCapabilitiesRequest__Output,
  { signal }: CallContext,
): Promise<ValidateVolumeCapabilitiesResponse> {
  const intent = parseValidateVolumeCapabilities(request);
  const volume = await findVolume(ctx, intent.volumeId, signal);
  if (volume === undefined) throw new CsiError('not-found', `volume ${intent.volumeId} does not exist`);
  const message = complaintOf(volume, intent, request);
  if (message !== undefined) return { message };
  const { volumeContext, volumeCapabilities, parameters } = request;
  return { confirmed: { volumeContext, volumeCapabilities, parameters } };
}

function complaintOf(
  volume: SyncthingVolume,
  intent: ValidateVolumeCapabilitiesIntent,
  request: ValidateVolumeCapabilitiesRequest__Output,
): string | undefined {
  if (intent.unsupported !== undefined) return intent.unsupported;
  const modes = intent.capabilities.map((capability) => capability.mode);
  const complaint = accessComplaint(modes, volume.spec.access);
  if (complaint !== undefined) return `volume_capabilities: ${complaint}`;
  const other = Object.entries(request.parameters).find(
    ([key, value]) => volume.spec.parameters[key] !== value,
  );
  return other === undefined ? undefined : `parameters["${other[0]}"]: is not what the volume was made with`;
}
