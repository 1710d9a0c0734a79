import { invalidArgument } from '../errors.ts';
import type { CreateVolumeRequest__Output } from '../gen/csi/v1/CreateVolumeRequest.ts';
import type { AccessMode } from './capability.ts';
import { accessComplaint, parseCapabilities } from './capability.ts';
import type { Capacity } from './capacity.ts';
import { parseCapacity } from './capacity.ts';
import { parseName } from './name.ts';
import type { ClaimMetadata, ClassParameters } from './parameters.ts';
import { parseParameters, refuseMutableParameters } from './parameters.ts';

export interface CreateVolumeIntent extends ClassParameters, ClaimMetadata {
  readonly name: string;
  readonly capacity: Capacity;
  /** Each once, in the order of the specification. */
  readonly accessModes: readonly AccessMode[];
  /** As they were given, for the volume's resource. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** CSI 1.12, CreateVolume. */
export function parseCreateVolume(request: CreateVolumeRequest__Output): CreateVolumeIntent {
  const name = parseName('name', request.name);
  const capabilities = parseCapabilities(request.volumeCapabilities);
  const capacity = parseCapacity(request.capacityRange);
  const parsed = parseParameters(request.parameters);
  refuseMutableParameters(request.mutableParameters);
  refuseWhatIsNotOffered(request);
  const accessModes = [...new Set(capabilities.map(({ mode }) => mode))].toSorted();
  const complaint = accessComplaint(accessModes, parsed.class.access);
  if (complaint !== undefined) throw invalidArgument('volume_capabilities', complaint);
  return { name, capacity, accessModes, parameters: request.parameters, ...parsed.class, ...parsed.metadata };
}

function refuseWhatIsNotOffered(request: CreateVolumeRequest__Output): void {
  if (request.volumeContentSource !== null) {
    throw invalidArgument(
      'volume_content_source',
      'volumes cannot be made from a snapshot or another volume yet',
    );
  }
  if ((request.accessibilityRequirements?.requisite.length ?? 0) > 0) {
    throw invalidArgument('accessibility_requirements', 'this driver announces no topology');
  }
}
