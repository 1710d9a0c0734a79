import { loadPackageDefinition } from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import csiJson from './gen/csi.json' with { type: 'json' };
import type { ProtoGrpcType as CsiPackage } from './gen/csi.ts';
import registrationJson from './gen/pluginregistration.json' with { type: 'json' };
import type { ProtoGrpcType as RegistrationPackage } from './gen/pluginregistration.ts';

/**
 * How messages look in memory; tools/protos generates the types with the same choices. int64 arrives as a string of
 * digits: a number would round silently above 2^53, so src/csi/validate converts and refuses.
 */
const loadOptions = { keepCase: false, longs: String, enums: String, defaults: true, oneofs: true } as const;

type CsiServices = CsiPackage['csi']['v1'];
type RegistrationServices = RegistrationPackage['pluginregistration'];

/** CSI 1.12 as in proto/csi.proto: service definitions, and clients for tests. Parses the embedded JSON at each call. */
export function loadCsi(): CsiServices {
  return (load(csiJson) as CsiPackage).csi.v1;
}

/** The kubelet's plugin registration as in proto/pluginregistration.proto. */
export function loadRegistration(): RegistrationServices {
  return (load(registrationJson) as RegistrationPackage).pluginregistration;
}

/** The types of what comes out are those that were generated from the same proto, which the compiler cannot know. */
function load(json: object): unknown {
  return loadPackageDefinition(fromJSON(json as Parameters<typeof fromJSON>[0], loadOptions));
}
