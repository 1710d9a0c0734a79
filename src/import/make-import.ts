/** The resource of a volume that begins with a directory; the controller and the node do the rest (handoff rule 35). */
import { resourceNameOf, shortHash } from '../desired/volume-id.ts';
import type { SyncthingVolume, SyncthingVolumeSpec } from '../desired/volume.ts';
import type { CallOptions, KubernetesClient } from '../kubernetes/client.ts';
import { isKubernetesError } from '../kubernetes/errors.ts';
import { labelsOf } from '../kubernetes/labels.ts';
import { SYNCTHING_NODES, SYNCTHING_VOLUMES } from '../kubernetes/resource-kind.ts';
import { importManifests } from './import-manifests.ts';
import type { ImportRequest } from './import-request.ts';

export type ImportErrorKind =
  /** No driver pod reports from that node. */
  | 'no-node'
  /** The directory is, or was, taken in for another claim or size. */
  | 'taken';

export class ImportError extends Error {
  override readonly name = 'ImportError';
  readonly kind: ImportErrorKind;

  constructor(kind: ImportErrorKind, message: string, options?: { readonly cause: unknown }) {
    super(message, options);
    this.kind = kind;
  }
}

export interface ImportOptions {
  readonly client: Pick<KubernetesClient, 'get' | 'create'>;
  readonly driverName: string;
  readonly request: ImportRequest;
  readonly call: CallOptions;
}

/** The manifests to apply. The same request again finds its volume. */
export async function makeImport(options: ImportOptions): Promise<object> {
  const { driverName, request } = options;
  await requireNode(options);
  // One directory is one volume, whatever the claim is called.
  const name = `import-${shortHash(`${request.node}/${request.directory}`, 16)}`;
  const volume = await createOrGet(options, name);
  assertAsAsked(volume, request);
  return importManifests({ driverName, name, volumeId: volume.volumeId, request });
}

async function requireNode({ client, request: { node }, call }: ImportOptions): Promise<void> {
  try {
    await client.get(SYNCTHING_NODES, node, call);
  } catch (error) {
    if (!isKubernetesError(error, 'not-found')) throw error;
    throw new ImportError('no-node', `no driver pod has reported from a node ${node}`, { cause: error });
  }
}

function specOf(requestName: string, request: ImportRequest): SyncthingVolumeSpec {
  const { bytes: capacityBytes, claim, node, directory } = request;
  return {
    requestName,
    capacityBytes,
    access: 'exclusive',
    onDelete: 'archive',
    claim,
    source: { node, directory },
    parameters: {},
  };
}

async function createOrGet(
  { client, driverName, request, call }: ImportOptions,
  requestName: string,
): Promise<SyncthingVolume> {
  const name = resourceNameOf(requestName);
  const draft = { name, labels: labelsOf(driverName, { volume: name }), spec: specOf(requestName, request) };
  try {
    return await client.create(SYNCTHING_VOLUMES, draft, call);
  } catch (error) {
    if (!isKubernetesError(error, 'already-exists')) throw error;
    return await client.get(SYNCTHING_VOLUMES, name, call);
  }
}

function assertAsAsked({ spec }: SyncthingVolume, { claim, bytes, node, directory }: ImportRequest): void {
  const isSame =
    spec.claim?.namespace === claim.namespace &&
    spec.claim.name === claim.name &&
    spec.capacityBytes === bytes &&
    spec.deletion === undefined;
  if (isSame) return;
  const owner = spec.claim === undefined ? 'another volume' : `${spec.claim.namespace}/${spec.claim.name}`;
  throw new ImportError(
    'taken',
    `the directory "${directory}" of node ${node} belongs to ${owner} (${spec.capacityBytes} bytes); give the directory ` +
      'another name, or the claim and size of before',
  );
}
