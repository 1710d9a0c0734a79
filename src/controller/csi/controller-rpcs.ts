import type { ControllerRpcs } from '../../csi/server.ts';
import { createVolume } from './create-volume.ts';
import { deleteVolume } from './delete-volume.ts';
import { listVolumes } from './list-volumes.ts';
import { controllerPublishVolume, controllerUnpublishVolume } from './publish-volume.ts';
import type { ServiceContext } from './service-context.ts';
import { validateVolumeCapabilities } from './validate-volume-capabilities.ts';

const CAPABILITIES = ['CREATE_DELETE_VOLUME', 'LIST_VOLUMES', 'SINGLE_NODE_MULTI_WRITER'] as const;

/**
 * CSI 1.12, Controller. The calls only make, change and read resources, so that every controller serves them, the one
 * that leads and those that wait. What is left out answers UNIMPLEMENTED.
 */
export function controllerRpcs(ctx: ServiceContext): ControllerRpcs {
  const { attach } = ctx.settings;
  const capabilities = attach ? [...CAPABILITIES, 'PUBLISH_UNPUBLISH_VOLUME' as const] : CAPABILITIES;
  return {
    CreateVolume: (request, call) => createVolume(ctx, request, call),
    DeleteVolume: (request, call) => deleteVolume(ctx, request, call),
    ListVolumes: (request, call) => listVolumes(ctx, request, call),
    ValidateVolumeCapabilities: (request, call) => validateVolumeCapabilities(ctx, request, call),
    ...(attach && publishRpcs(ctx)),
    async ControllerGetCapabilities() {
      return { capabilities: capabilities.map((type) => ({ rpc: { type } })) };
    },
  };
}

/** Where they are served, Kubernetes' attach step comes before NodeStageVolume (handoff rule 6). */
function publishRpcs(
  ctx: ServiceContext,
): Pick<ControllerRpcs, 'ControllerPublishVolume' | 'ControllerUnpublishVolume'> {
  return {
    ControllerPublishVolume: (request, call) => controllerPublishVolume(ctx, request, call),
    ControllerUnpublishVolume: (request, call) => controllerUnpublishVolume(ctx, request, call),
  };
}
