/** SyncthingNode: one a node, named like it. The node writes the status, the controller the spec. */
import type { ObjectIdentity } from './object.ts';
import type { OnDelete } from './volume.ts';

export interface Device {
  readonly node: string;
  readonly deviceId: string;
  /** Syncthing's form, e.g. `tcp://10.0.0.7:22000`. */
  readonly addresses: readonly string[];
}

/** A copy to remove when its node is back: its replica resource is gone already (handoff rule 33). */
export interface Tombstone {
  readonly folderId: string;
  readonly storeId: string;
  /** As the volume had it; absent in one that an earlier version wrote: the bytes are deleted. */
  readonly onDelete?: OnDelete;
}

export interface SyncthingNodeSpec {
  /** A person's word that nothing of this node counts any more, and that nobody talks to it (docs/security.md). */
  readonly expelled?: boolean;
  /** Nodes whose device is paused here at once, because they are lost (handoff rule 26). */
  readonly fenced: readonly string[];
  /** Every other node's device; which of them share a folder is said by the replicas. */
  readonly devices: readonly Device[];
  readonly tombstones: readonly Tombstone[];
}

/** A node's request to write a volume, or to read it beside others (handoff rules 1, 3 and 36). */
export interface Wanted {
  /** Name of the SyncthingVolume. */
  readonly volume: string;
  readonly volumeId: string;
  readonly since: string;
  /** By the access mode of the volume's PersistentVolume; absent: to write. */
  readonly reads?: true;
  /** The base this node saw when it asked; the grant is given only if it still is the base. */
  readonly base?: { readonly epoch: number; readonly session: number };
}

export interface SyncthingNodeStatus {
  readonly deviceId: string;
  readonly addresses: readonly string[];
  readonly storeId: string;
  readonly heartbeat: string;
  /** The storage label as this node sees it, and why it cannot be a data node, if so. */
  readonly labelled: boolean;
  readonly unfit?: string;
  readonly capacity: { readonly totalBytes: number; readonly freeBytes: number };
  readonly wanted: readonly Wanted[];
  /** Nodes whose device is paused in the local Syncthing. */
  readonly fenced: readonly string[];
  readonly tombstonesDone: readonly string[];
  /** Directories under `volumes/` that no resource names; their bytes stay (handoff rule 32). */
  readonly orphans: readonly string[];
  readonly syncthing: { readonly ready: boolean; readonly version: string; readonly message?: string };
}

export interface SyncthingNode extends ObjectIdentity {
  readonly spec: SyncthingNodeSpec;
  readonly status?: SyncthingNodeStatus;
}

/** What the controller reads of Kubernetes' own Node. */
export interface ClusterNode {
  readonly name: string;
  readonly uid: string;
  readonly ready: boolean;
  readonly labels: Readonly<Record<string, string>>;
  /** Carries the taint `node.kubernetes.io/out-of-service` (handoff rule 25). */
  readonly outOfService: boolean;
}
