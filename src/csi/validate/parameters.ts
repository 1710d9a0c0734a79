import type { Access, Failover, OnDelete } from '../../desired/volume.ts';
import type { CsiError } from '../errors.ts';
import { invalidArgument } from '../errors.ts';

/** What a StorageClass says about its volumes. */
export interface ClassParameters {
  /** Copies on data nodes; absent means every data node. */
  readonly replicas?: number;
  readonly access: Access;
  readonly onDelete: OnDelete;
  readonly failover: Failover;
}

/** What csi-provisioner adds with --extra-create-metadata. */
export interface ClaimMetadata {
  readonly claim?: { readonly namespace: string; readonly name: string };
  readonly persistentVolumeName?: string;
}

export interface ParsedParameters {
  readonly class: ClassParameters;
  readonly metadata: ClaimMetadata;
}

type Parameters = Readonly<Record<string, string>>;

const known = ['access', 'failover', 'onDelete', 'replicas'] as const;
const metadataPrefix = 'csi.storage.k8s.io/';
const knownMetadata: ReadonlySet<string> = new Set(['pvc/name', 'pvc/namespace', 'pv/name', 'fstype']);

/** An unknown key is refused by name: a misspelt parameter must not quietly give a volume of another kind. */
export function parseParameters(parameters: Parameters): ParsedParameters {
  const unknown = Object.keys(parameters).find((key) => !isKnown(key));
  if (unknown !== undefined) {
    throw parameterError(unknown, `is not a parameter of this driver; known are ${known.join(', ')}`);
  }
  const replicas = parseReplicas(parameters['replicas']);
  return {
    class: {
      ...(replicas !== undefined && { replicas }),
      access: parseChoice('access', parameters['access'], ['exclusive', 'eventual']),
      failover: parseChoice('failover', parameters['failover'], ['manual', 'automatic']),
      onDelete: parseChoice('onDelete', parameters['onDelete'], ['delete', 'archive']),
    },
    metadata: parseMetadata(parameters),
  };
}

/** None can be changed yet, so none is taken (a VolumeAttributesClass sends them). */
export function refuseMutableParameters(parameters: Parameters): void {
  const [first] = Object.keys(parameters);
  if (first === undefined) return;
  throw invalidArgument(
    'mutable_parameters',
    `"${first}" is not known; VolumeAttributesClasses are not offered`,
  );
}

function isKnown(key: string): boolean {
  if (key.startsWith(metadataPrefix)) return knownMetadata.has(key.slice(metadataPrefix.length));
  return known.some((name) => name === key);
}

function parseReplicas(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const replicas = /^[1-9][0-9]{0,3}$/.test(value) ? Number(value) : undefined;
  if (replicas !== undefined) return replicas;
  throw parameterError(
    'replicas',
    `"${value}" is not a whole number above 0; leave it out for a copy on every data node`,
  );
}

/** The first choice is the default. */
function parseChoice<Choice extends string>(
  key: string,
  value: string | undefined,
  choices: readonly [Choice, ...Choice[]],
): Choice {
  if (value === undefined) return choices[0];
  const choice = choices.find((candidate) => candidate === value);
  if (choice !== undefined) return choice;
  throw parameterError(key, `"${value}" is not one of ${choices.join(', ')}`);
}

function parseMetadata(parameters: Parameters): ClaimMetadata {
  const name = parameters[`${metadataPrefix}pvc/name`];
  const namespace = parameters[`${metadataPrefix}pvc/namespace`];
  const persistentVolumeName = parameters[`${metadataPrefix}pv/name`];
  return {
    ...(name !== undefined && namespace !== undefined && { claim: { namespace, name } }),
    ...(persistentVolumeName !== undefined && { persistentVolumeName }),
  };
}

function parameterError(key: string, complaint: string): CsiError {
  return invalidArgument(`parameters["${key}"]`, complaint);
}
