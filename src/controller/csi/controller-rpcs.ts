import type { ControllerRpcs } from '../../csi/server.ts';
import { createVolume } from './create-volume.ts';
import { deleteVolume } from './delete-volume.ts';
import { listVolumes } from './list-volumes.ts';
import type { ServiceContext } from './service-context.ts';
import { validateVolumeCapabilities } from './validate-volume-capabilities.ts';

const CAPABILITIES = ['CREATE_DELETE_VOLUME', 'LIST_VOLUMES', 'SINGLE_NODE_MULTI_WRITER'] as const;

/**
 * CSI 1.12, Controller. The calls only make, change and read resources, so that every controller serves them, the one
 * that leads and those that wait. What is left out answers UNIMPLEMENTED.
 */
export function controllerRpcs(ctx: ServiceContext): ControllerRpcs {
  return {
    CreateVolume: (request, call) => createVolume(ctx, request, call),
    DeleteVolume: (request, call) => deleteVolume(ctx, request, call),
    ListVolumes: (request, call) => listVolumes(ctx, request, call),
    ValidateVolumeCapabilities: (request, call) => validateVolumeCapabilities(ctx, request, call),
    async ControllerGetCapabilities() {
      return { capabilities: CAPABILITIES.map((type) => ({ rpc: { type } })) };
    },
  };
}
