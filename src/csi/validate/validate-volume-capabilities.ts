import { invalidArgument } from '../errors.ts';
import type { ValidateVolumeCapabilitiesRequest__Output } from '../gen/csi/v1/ValidateVolumeCapabilitiesRequest.ts';
import type { Capability } from './capability.ts';
import { judgeCapability } from './capability.ts';
import { requireOwn, parseVolumeRef } from './volume-ref.ts';

export interface ValidateVolumeCapabilitiesIntent {
  readonly volumeId: string;
  readonly capabilities: readonly Capability[];
  /** Why not all of them are supported, whatever the volume; then the answer is OK without `confirmed`. */
  readonly unsupported?: string;
}

/** CSI 1.12, ValidateVolumeCapabilities; an id of another form is NOT_FOUND. */
export function parseValidateVolumeCapabilities(
  request: ValidateVolumeCapabilitiesRequest__Output,
): ValidateVolumeCapabilitiesIntent {
  const ref = parseVolumeRef(request.volumeId);
  const given = request.volumeCapabilities;
  if (given.length === 0) throw invalidArgument('volume_capabilities', 'is missing; at least one is needed');
  const verdicts = given.map((capability, index) =>
    judgeCapability(`volume_capabilities[${index}]`, capability),
  );
  const unsupported = verdicts.find((verdict) => verdict.kind === 'unsupported')?.message;
  return {
    volumeId: requireOwn(ref),
    capabilities: verdicts.flatMap((verdict) => (verdict.kind === 'supported' ? [verdict.capability] : [])),
    ...(unsupported !== undefined && { unsupported }),
  };
}
