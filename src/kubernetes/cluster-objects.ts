/** What we read of Kubernetes' own kinds, and no more of it. Node is in src/desired/node.ts, the domain needs it. */
import type { ObjectIdentity } from '../desired/object.ts';

export interface PersistentVolume extends ObjectIdentity {
  /** The CSI driver and its volume id; absent for a volume of another kind. */
  readonly csi?: { readonly driver: string; readonly volumeHandle: string };
  readonly claim?: { readonly namespace: string; readonly name: string; readonly uid?: string };
  readonly phase: string;
  readonly reclaimPolicy: string;
}

export interface Pod extends ObjectIdentity {
  readonly namespace: string;
  /** Absent until scheduled. */
  readonly node?: string;
  readonly phase: string;
  /** Succeeded or Failed: its containers are over for good. */
  readonly finished: boolean;
  /** Names of the claims in its namespace that it uses, those of generic ephemeral volumes included. */
  readonly claims: readonly string[];
}

export interface PersistentVolumeClaim extends ObjectIdentity {
  readonly namespace: string;
  readonly volumeName?: string;
  readonly storageClass?: string;
  readonly phase: string;
}

/** storage.k8s.io/v1 CSIDriver: one a driver name, and so one an instance. */
export interface CsiDriver extends ObjectIdentity {
  /** Where the instance is installed that the object belongs to; absent where somebody else made it. */
  readonly namespace?: string;
}

/** A resource of ours, as far as it says which instance it belongs to. */
export interface OwnedResource extends ObjectIdentity {
  /** Of the label; absent where there is none. */
  readonly driver?: string;
}

/** coordination.k8s.io/v1 Lease; the times are RFC 3339 with microseconds. */
export interface Lease extends ObjectIdentity {
  readonly spec: LeaseSpec;
}

export interface LeaseSpec {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

/** core/v1 Event; the counting is ours, see events.ts. */
export interface KubernetesEvent extends ObjectIdentity {
  readonly namespace: string;
  readonly involved: ObjectReference;
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly count: number;
}

/** What an event is about, as in core/v1 ObjectReference. */
export interface ObjectReference {
  readonly apiVersion: string;
  readonly kind: string;
  /** Absent for what is not in a namespace. */
  readonly namespace?: string;
  readonly name: string;
  readonly uid: string;
}
