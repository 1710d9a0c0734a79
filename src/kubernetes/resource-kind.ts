/** The kinds that we speak about with the API server: where each is found and how it is parsed. */
import type { ClusterNode, SyncthingNode } from '../desired/node.ts';
import type { SyncthingReplica } from '../desired/replica.ts';
import type { SyncthingVolume } from '../desired/volume.ts';
import type {
  CsiDriver,
  KubernetesEvent,
  Lease,
  OwnedResource,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
} from './cluster-objects.ts';
import {
  parseClusterNode,
  parseCsiDriver,
  parseEvent,
  parseLease,
  parseOwned,
  parsePersistentVolume,
  parsePersistentVolumeClaim,
  parsePod,
} from './cluster-resources.ts';
import {
  type CustomResourceDefinition,
  parseCustomResourceDefinition,
} from './custom-resource-definition.ts';
import { parseNode, parseReplica, parseVolume } from './resources.ts';

export const GROUP = 'syncthing-csi.io';
export const VERSION = 'v1alpha1';

export interface ResourceKind<T> {
  readonly kind: string;
  readonly plural: string;
  /** `v1` or `GROUP/VERSION`. */
  readonly apiVersion: string;
  readonly namespaced: boolean;
  /** Spec and status are written apart, each by its own call. */
  readonly hasStatus: boolean;
  /** Throws a KubernetesError `unexpected` for what is not of this kind. */
  parse(raw: unknown): T;
}

const ours = { apiVersion: `${GROUP}/${VERSION}`, namespaced: true, hasStatus: true };

export const SYNCTHING_VOLUMES: ResourceKind<SyncthingVolume> = {
  ...ours,
  kind: 'SyncthingVolume',
  plural: 'syncthingvolumes',
  parse: parseVolume,
};
export const SYNCTHING_REPLICAS: ResourceKind<SyncthingReplica> = {
  ...ours,
  kind: 'SyncthingReplica',
  plural: 'syncthingreplicas',
  parse: parseReplica,
};
export const SYNCTHING_NODES: ResourceKind<SyncthingNode> = {
  ...ours,
  kind: 'SyncthingNode',
  plural: 'syncthingnodes',
  parse: parseNode,
};

/** SyncthingNodes once more, for whose they are: a node's name is the same to every instance. */
export const NODE_OWNERS: ResourceKind<OwnedResource> = { ...SYNCTHING_NODES, parse: parseOwned };

const core = { apiVersion: 'v1', namespaced: true, hasStatus: true };

export const CLUSTER_NODES: ResourceKind<ClusterNode> = {
  ...core,
  kind: 'Node',
  plural: 'nodes',
  namespaced: false,
  parse: parseClusterNode,
};
export const PERSISTENT_VOLUMES: ResourceKind<PersistentVolume> = {
  ...core,
  kind: 'PersistentVolume',
  plural: 'persistentvolumes',
  namespaced: false,
  parse: parsePersistentVolume,
};
export const PODS: ResourceKind<Pod> = { ...core, kind: 'Pod', plural: 'pods', parse: parsePod };
export const PERSISTENT_VOLUME_CLAIMS: ResourceKind<PersistentVolumeClaim> = {
  ...core,
  kind: 'PersistentVolumeClaim',
  plural: 'persistentvolumeclaims',
  parse: parsePersistentVolumeClaim,
};
export const EVENTS: ResourceKind<KubernetesEvent> = {
  ...core,
  kind: 'Event',
  plural: 'events',
  hasStatus: false,
  parse: parseEvent,
};
export const LEASES: ResourceKind<Lease> = {
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
  hasStatus: false,
  parse: parseLease,
};

export const CSI_DRIVERS: ResourceKind<CsiDriver> = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'CSIDriver',
  plural: 'csidrivers',
  namespaced: false,
  hasStatus: false,
  parse: parseCsiDriver,
};

export const CUSTOM_RESOURCE_DEFINITIONS: ResourceKind<CustomResourceDefinition> = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  namespaced: false,
  hasStatus: true,
  parse: parseCustomResourceDefinition,
};

/** Path of a collection below the API server's address; `namespace` absent: of all namespaces. */
export function collectionPath(kind: ResourceKind<unknown>, namespace: string | undefined): string {
  const root = kind.apiVersion.includes('/') ? `/apis/${kind.apiVersion}` : `/api/${kind.apiVersion}`;
  return kind.namespaced && namespace !== undefined
    ? `${root}/namespaces/${encodeURIComponent(namespace)}/${kind.plural}`
    : `${root}/${kind.plural}`;
}
