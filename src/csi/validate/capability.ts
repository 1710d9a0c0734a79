import type { Access } from '../../desired/volume.ts';
import { invalidArgument } from '../errors.ts';
import type { VolumeCapability__Output } from '../gen/csi/v1/VolumeCapability.ts';

/** CSI's access modes by their names in the specification; UNKNOWN is not one of them. */
export const accessModes = [
  'SINGLE_NODE_WRITER',
  'SINGLE_NODE_READER_ONLY',
  'MULTI_NODE_READER_ONLY',
  'MULTI_NODE_SINGLE_WRITER',
  'MULTI_NODE_MULTI_WRITER',
  'SINGLE_NODE_SINGLE_WRITER',
  'SINGLE_NODE_MULTI_WRITER',
] as const;

export type AccessMode = (typeof accessModes)[number];

export interface Capability {
  readonly mode: AccessMode;
  /** Nobody writes: by the access mode, or by the mount flag `ro`. */
  readonly readOnly: boolean;
}

/** To read beside others (handoff rule 36): by the access mode alone, whatever else says read-only. */
export function isReader({ mode }: Capability): boolean {
  return mode === 'SINGLE_NODE_READER_ONLY' || mode === 'MULTI_NODE_READER_ONLY';
}

export type CapabilityVerdict =
  | { readonly kind: 'supported'; readonly capability: Capability }
  /** Well formed, but not for this driver; the message says why. */
  | { readonly kind: 'unsupported'; readonly message: string };

/** Throws INVALID_ARGUMENT for what is missing; whether a well-formed capability is supported is the verdict. */
export function judgeCapability(field: string, given: VolumeCapability__Output | null): CapabilityVerdict {
  if (given === null) throw invalidArgument(field, 'is missing');
  const mode = parseMode(`${field}.access_mode`, given.accessMode?.mode);
  if (given.block) {
    const instead = 'ask for volumeMode: Filesystem';
    return {
      kind: 'unsupported',
      message: `${field}: raw block volumes are not supported: a volume is a directory; ${instead}`,
    };
  }
  if (!given.mount) throw invalidArgument(`${field}.access_type`, 'is missing; mount is supported');
  const complaint = mountComplaint(given.mount);
  if (complaint !== undefined) return { kind: 'unsupported', message: `${field}.mount.${complaint}` };
  const readOnly = mode.endsWith('_READER_ONLY') || given.mount.mountFlags.includes('ro');
  return { kind: 'supported', capability: { mode, readOnly } };
}

/** The same for calls in which an unsupported capability is an error. */
export function parseCapability(field: string, given: VolumeCapability__Output | null): Capability {
  const verdict = judgeCapability(field, given);
  if (verdict.kind === 'supported') return verdict.capability;
  const [path, ...complaint] = verdict.message.split(': ');
  throw invalidArgument(path ?? field, complaint.join(': '));
}

/** A volume has to serve every one of them. */
export function parseCapabilities(given: readonly VolumeCapability__Output[]): readonly Capability[] {
  if (given.length === 0) throw invalidArgument('volume_capabilities', 'is missing; at least one is needed');
  return given.map((capability, index) => parseCapability(`volume_capabilities[${index}]`, capability));
}

const writtenByManyNodes: Readonly<Partial<Record<AccessMode, string>>> = {
  MULTI_NODE_MULTI_WRITER: 'ReadWriteMany',
  MULTI_NODE_SINGLE_WRITER: 'MULTI_NODE_SINGLE_WRITER',
};

/** What stands against these modes on a volume with this access; undefined if nothing does. */
export function accessComplaint(modes: readonly AccessMode[], access: Access): string | undefined {
  if (access === 'eventual') return undefined;
  const refused = modes.map((mode) => writtenByManyNodes[mode]).find((name) => name !== undefined);
  if (refused === undefined) return undefined;
  return (
    `${refused} is not offered with access: exclusive, where one node writes at a time; ` +
    'use a StorageClass with the parameter access: eventual (changes are merged file by file, conflicts are kept as ' +
    'copies) or ask for ReadWriteOnce'
  );
}

function parseMode(field: string, mode: string | number | undefined): AccessMode {
  const known = accessModes.find((name) => name === mode);
  if (known !== undefined) return known;
  if (mode === undefined || mode === 'UNKNOWN') throw invalidArgument(field, 'is missing');
  throw invalidArgument(field, `${mode} is not an access mode of CSI 1.12`);
}

type Mount = NonNullable<VolumeCapability__Output['mount']>;

/** A bind mount has no options of its own but read-only; the others would be dropped in silence. */
const knownFlags: ReadonlySet<string> = new Set(['ro', 'rw', 'defaults']);

/** fs_type is ignored: a volume is a directory of the node's filesystem, whatever that is. */
function mountComplaint(mount: Mount): string | undefined {
  const unknown = mount.mountFlags.find((flag) => !knownFlags.has(flag));
  if (unknown !== undefined) {
    // Only the name: the value of a flag may be confidential.
    return `mount_flags: "${unknown.split('=')[0]}" is not supported; of mountOptions a volume takes ro alone`;
  }
  if (mount.volumeMountGroup !== '')
    return 'volume_mount_group: is not supported; the kubelet applies fsGroup itself';
  return undefined;
}
