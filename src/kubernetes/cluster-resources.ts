/** Kubernetes' own kinds, parsed into what we need of them. */
import { z } from 'zod';
import type { ClusterNode } from '../desired/node.ts';
import type {
  KubernetesEvent,
  Lease,
  LeaseSpec,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
} from './cluster-objects.ts';
import { identityOf, metadataSchema, parseObject } from './object-schema.ts';

const OUT_OF_SERVICE = 'node.kubernetes.io/out-of-service';

const text = z.string();

const node = z.object({
  metadata: metadataSchema,
  spec: z.object({ taints: z.array(z.object({ key: text })).default([]) }).prefault({}),
  status: z.object({ conditions: z.array(z.object({ type: text, status: text })).default([]) }).prefault({}),
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
    csi: z.object({ driver: text, volumeHandle: text }).exactOptional(),
    claimRef: z.object({ namespace: text, name: text, uid: text.exactOptional() }).exactOptional(),
    persistentVolumeReclaimPolicy: text.default('Retain'),
  }),
  status: z.object({ phase: text.default('Pending') }).prefault({}),
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
  persistentVolumeClaim: z.object({ claimName: text }).exactOptional(),
  ephemeral: z.object({}).exactOptional(),
});
const pod = z.object({
  metadata: metadataSchema,
  spec: z.object({ nodeName: text.exactOptional(), volumes: z.array(podVolume).default([]) }),
  status: z.object({ phase: text.default('Pending') }).prefault({}),
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
  spec: z.object({ volumeName: text.exactOptional(), storageClassName: text.exactOptional() }).prefault({}),
  status: z.object({ phase: text.default('Pending') }).prefault({}),
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

const leaseSpec: z.ZodType<LeaseSpec> = z.object({
  holderIdentity: text.exactOptional(),
  leaseDurationSeconds: z.int().exactOptional(),
  acquireTime: text.exactOptional(),
  renewTime: text.exactOptional(),
  leaseTransitions: z.int().exactOptional(),
});
const lease = z.object({ metadata: metadataSchema, spec: leaseSpec.prefault({}) });

export function parseLease(raw: unknown): Lease {
  const { metadata, spec } = parseObject(lease, 'Lease', raw);
  return { ...identityOf(metadata), spec };
}

const event = z.object({
  metadata: metadataSchema,
  involvedObject: z.object({
    apiVersion: text.default(''),
    kind: text.default(''),
    namespace: text.exactOptional(),
    name: text.default(''),
    uid: text.default(''),
  }),
  type: text.default('Normal'),
  reason: text.default(''),
  message: text.default(''),
  count: z.int().default(1),
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
