import type { MethodDefinition } from '@grpc/proto-loader';
import { loadCsi } from '../../src/csi/packages.ts';
import type {
  CreateVolumeRequest,
  CreateVolumeRequest__Output,
} from '../../src/csi/gen/csi/v1/CreateVolumeRequest.ts';
import type { VolumeCapability } from '../../src/csi/gen/csi/v1/VolumeCapability.ts';

/** A request as it arrives: through the wire format, with everything that was left out filled in. */
export function arrived<Input, Output>(
  method: Pick<MethodDefinition<Input, object, Output, object>, 'requestSerialize' | 'requestDeserialize'>,
  request: Input,
): Output {
  return method.requestDeserialize(method.requestSerialize(request));
}

export const csi = loadCsi();

export const writer: VolumeCapability = { mount: {}, accessMode: { mode: 'SINGLE_NODE_WRITER' } };

/** A CreateVolume that nothing is wrong with, but for what is given. */
export function createVolumeRequest(different: CreateVolumeRequest = {}): CreateVolumeRequest__Output {
  const plain: CreateVolumeRequest = {
    name: 'pvc-1',
    capacityRange: { requiredBytes: '1073741824' },
    volumeCapabilities: [writer],
  };
  return arrived(csi.Controller.service.CreateVolume, { ...plain, ...different });
}
