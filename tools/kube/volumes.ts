/** The driver's own resources, as `kubectl get stvol,strep,stnode` shows them. */
import type { KubernetesObject, V1PersistentVolume } from '@kubernetes/client-node';
import type { SyncthingNode } from '../../src/desired/node.ts';
import type { SyncthingReplica } from '../../src/desired/replica.ts';
import type { SyncthingVolume } from '../../src/desired/volume.ts';
import { parseNode, parseReplica, parseVolume } from '../../src/kubernetes/resources.ts';
import { kubectl, list, read, type Kube } from './kube.ts';

/** Where `make deploy` puts the driver. */
export const DRIVER_NAMESPACE = 'syncthing-csi';
export const DRIVER_NAME = 'syncthing.csi.davepedu.com';
export const STORAGE_LABEL = `${DRIVER_NAME}/syncthing-storage`;
export const API_VERSION = 'syncthing-csi.io/v1alpha1';

async function listOf<T>(
  kube: Kube,
  kind: string,
  parse: (raw: unknown) => T,
  namespace: string,
): Promise<readonly T[]> {
  const found = await list<KubernetesObject>(kube, API_VERSION, kind, namespace);
  return found.map((raw) => parse({ apiVersion: API_VERSION, kind, ...raw }));
}

export async function listVolumes(
  kube: Kube,
  namespace = DRIVER_NAMESPACE,
): Promise<readonly SyncthingVolume[]> {
  return await listOf(kube, 'SyncthingVolume', parseVolume, namespace);
}

export async function listReplicas(
  kube: Kube,
  volume: string,
  namespace = DRIVER_NAMESPACE,
): Promise<readonly SyncthingReplica[]> {
  const all = await listOf(kube, 'SyncthingReplica', parseReplica, namespace);
  return all.filter((replica) => replica.spec.volume === volume);
}

export async function listNodes(kube: Kube, namespace = DRIVER_NAMESPACE): Promise<readonly SyncthingNode[]> {
  return await listOf(kube, 'SyncthingNode', parseNode, namespace);
}

/** The volume behind a PersistentVolume's name; undefined while it is not there. */
export async function volumeOf(
  kube: Kube,
  persistentVolume: string,
  namespace = DRIVER_NAMESPACE,
): Promise<SyncthingVolume | undefined> {
  const ref = { apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: persistentVolume } };
  const pv = await read<V1PersistentVolume>(kube, ref);
  const handle = pv?.spec?.csi?.volumeHandle;
  const volumes = await listVolumes(kube, namespace);
  return volumes.find((volume) => volume.volumeId === handle);
}

/** Asks for a scrub of every copy of the volume (docs/operations.md, "Scrubs"); gives the moment that was asked for. */
export async function askForScrub(kube: Kube, volume: string, namespace = DRIVER_NAMESPACE): Promise<string> {
  const asked = new Date().toISOString();
  const annotation = `syncthing-csi.io/scrub-now=${asked}`;
  await kubectl(kube, ['-n', namespace, 'annotate', '--overwrite', 'stvol', volume, annotation]);
  return asked;
}
