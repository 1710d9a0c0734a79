/** Kubernetes' own kinds, parsed into what we need of them. */
import * as z from 'zod/mini';
import type { ClusterNode } from '../desired/node.ts';
import type {
  CsiDriver,
  KubernetesEvent,
  Lease,
  LeaseSpec,
  OwnedResource,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
} from './cluster-objects.ts';
import { driverLabelOf, NAMESPACE_ANNOTATION } from './labels.ts';
import { identityOf, metadataSchema, parseObject } from './object-schema.ts';

const OUT_OF_SERVICE = 'node.kubernetes.io/out-of-service';

const text = z.string();

const node = z.object({
  metadata: metadataSchema,
  spec: z.prefault(z.object({ taints: z._default(z.array(z.object({ key: text })), []) }), {}),
  status: z.prefault(
    z.object({ conditions: z._default(z.array(z.object({ type: text, status: text })), []) }),
    {},
  ),
});

export function parseClusterNode(raw: unknown): ClusterNode {
  const { metadata, spec, status } = parseObject(node, 'Node', raw);
  return {
    name: metadata.name,
    uid: metadata.uid,
    ready: status.conditions.some((condition) => condition.type === 'Ready' && condition.status === 'True'),
    labels: metadata.labels,
    outOfService: spec.taints.some((taint) => taint.key === OUT_OF_SERVICE),
  };
}

const persistentVolume = z.object({
  metadata: metadataSchema,
  spec: z.object({
    csi: z.exactOptional(z.object({ driver: text, volumeHandle: text })),
    claimRef: z.exactOptional(z.object({ namespace: text, name: text, uid: z.exactOptional(text) })),
    persistentVolumeReclaimPolicy: z._default(text, 'Retain'),
  }),
  status: z.prefault(z.object({ phase: z._default(text, 'Pending') }), {}),
});

export function parsePersistentVolume(raw: unknown): PersistentVolume {
  const { metadata, spec, status } = parseObject(persistentVolume, 'PersistentVolume', raw);
  return {
    ...identityOf(metadata),
    ...(spec.csi === undefined ? {} : { csi: spec.csi }),
    ...(spec.claimRef === undefined ? {} : { claim: spec.claimRef }),
    phase: status.phase,
    reclaimPolicy: spec.persistentVolumeReclaimPolicy,
  };
}

const podVolume = z.object({
  name: text,
  persistentVolumeClaim: z.exactOptional(z.object({ claimName: text })),
  ephemeral: z.exactOptional(z.object({})),
});
const pod = z.object({
  metadata: metadataSchema,
  spec: z.object({ nodeName: z.exactOptional(text), volumes: z._default(z.array(podVolume), []) }),
  status: z.prefault(z.object({ phase: z._default(text, 'Pending') }), {}),
});

export function parsePod(raw: unknown): Pod {
  const { metadata, spec, status } = parseObject(pod, 'Pod', raw);
  return {
    ...identityOf(metadata),
    namespace: metadata.namespace ?? '',
    ...(spec.nodeName === undefined ? {} : { node: spec.nodeName }),
    phase: status.phase,
    finished: status.phase === 'Succeeded' || status.phase === 'Failed',
    claims: spec.volumes.flatMap((volume) => {
      if (volume.persistentVolumeClaim !== undefined) return [volume.persistentVolumeClaim.claimName];
      // A generic ephemeral volume's claim is named after pod and volume.
      return volume.ephemeral === undefined ? [] : [`${metadata.name}-${volume.name}`];
    }),
  };
}

const claim = z.object({
  metadata: metadataSchema,
  spec: z.prefault(
    z.object({ volumeName: z.exactOptional(text), storageClassName: z.exactOptional(text) }),
    {},
  ),
  status: z.prefault(z.object({ phase: z._default(text, 'Pending') }), {}),
});

export function parsePersistentVolumeClaim(raw: unknown): PersistentVolumeClaim {
  const { metadata, spec, status } = parseObject(claim, 'PersistentVolumeClaim', raw);
  return {
    ...identityOf(metadata),
    namespace: metadata.namespace ?? '',
    ...(spec.volumeName === undefined ? {} : { volumeName: spec.volumeName }),
    ...(spec.storageClassName === undefined ? {} : { storageClass: spec.storageClassName }),
    phase: status.phase,
  };
}

const leaseSpec: z.ZodMiniType<LeaseSpec> = z.object({
  holderIdentity: z.exactOptional(text),
  leaseDurationSeconds: z.exactOptional(z.int()),
  acquireTime: z.exactOptional(text),
  renewTime: z.exactOptional(text),
  leaseTransitions: z.exactOptional(z.int()),
});
const lease = z.object({ metadata: metadataSchema, spec: z.prefault(leaseSpec, {}) });

export function parseLease(raw: unknown): Lease {
  const { metadata, spec } = parseObject(lease, 'Lease', raw);
  return { ...identityOf(metadata), spec };
}

const event = z.object({
  metadata: metadataSchema,
  involvedObject: z.object({
    apiVersion: z._default(text, ''),
    kind: z._default(text, ''),
    namespace: z.exactOptional(text),
    name: z._default(text, ''),
    uid: z._default(text, ''),
  }),
  type: z._default(text, 'Normal'),
  reason: z._default(text, ''),
  message: z._default(text, ''),
  count: z._default(z.int(), 1),
});

export function parseEvent(raw: unknown): KubernetesEvent {
  const { metadata, involvedObject, type, reason, message, count } = parseObject(event, 'Event', raw);
  return {
    ...identityOf(metadata),
    namespace: metadata.namespace ?? '',
    involved: involvedObject,
    type,
    reason,
    message,
    count,
  };
}

const csiDriver = z.object({
  metadata: z.extend(metadataSchema, { annotations: z._default(z.record(text, text), {}) }),
});

export function parseCsiDriver(raw: unknown): CsiDriver {
  const { metadata } = parseObject(csiDriver, 'CSIDriver', raw);
  const namespace = metadata.annotations[NAMESPACE_ANNOTATION];
  return { ...identityOf(metadata), ...(namespace !== undefined && { namespace }) };
}

const owned = z.object({ metadata: metadataSchema });

export function parseOwned(raw: unknown): OwnedResource {
  const { metadata } = parseObject(owned, 'resource', raw);
  const driver = driverLabelOf(metadata.labels);
  return { ...identityOf(metadata), ...(driver !== undefined && { driver }) };
}
