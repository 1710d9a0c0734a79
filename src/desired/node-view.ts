/**
 * What `node` hands to a helper on stdin, and what each helper answers on stdout: plain data, so that any helper can
 * be run by hand on a saved view (docs/design.md, "Parts").
 */
import type { DiskState } from '../handoff/disk-state.ts';
import type { SyncthingNodeSpec, Tombstone } from './node.ts';
import type { SyncthingReplicaSpec } from './replica.ts';

export interface ReplicaOrder {
  /** Name of the SyncthingReplica. */
  readonly name: string;
  /** Another resource of the same name is another order. */
  readonly uid: string;
  readonly generation: number;
  readonly spec: SyncthingReplicaSpec;
  /**
   * `node` read the resource live just before this pass and its order to remove still stood. Without it nothing is
   * removed: a view may be old.
   */
  readonly removalConfirmed: boolean;
}

export interface NodeView {
  readonly node: string;
  readonly driverName: string;
  readonly storeId: string;
  readonly hostDataDir: string;
  readonly syncthing: { readonly socketPath: string; readonly apiKeyFile: string };
  /** The labels of Kubernetes' Node, and the key that makes it a data node. */
  readonly labels: Readonly<Record<string, string>>;
  readonly storageLabel: string;
  /** Absent until the controller made this node's resource: then no device may be removed. */
  readonly order?: SyncthingNodeSpec;
  readonly replicas: readonly ReplicaOrder[];
  /** Names of orders that are there and cannot be read: their folders are nobody's orphans. */
  readonly unreadable: readonly string[];
  /** Every state.json under `volumes/`, by folder id; `node` writes them, helpers only read. */
  readonly states: Readonly<Record<string, DiskState>>;
  /** Folders in which a pod, or any process, still has something mounted. */
  readonly mounted: readonly string[];
  /** Folders that were scanned since their order came, so that peers may go from a receiver's (handoff rule 7). */
  readonly scanned: readonly string[];
  /** Tombstones that `node` read live just before this pass. */
  readonly confirmedTombstones: readonly Tombstone[];
  /** A pass ends itself after this and says that there is more (handoff rule 38). */
  readonly budgetMs: number;
  /** What failed last comes last. */
  readonly failedLast: readonly string[];
  /** How long a directory stays under `trash/` before its bytes go. */
  readonly trashGraceMs: number;
}

export interface PassFailure {
  readonly item: string;
  readonly reason: string;
}

export interface PassReport {
  /** Changes made to the local Syncthing or to the disk. */
  readonly changed: number;
  readonly failed: readonly PassFailure[];
  /** The budget ran out before the plan did. */
  readonly more: boolean;
}

export interface IntroducerReport extends PassReport {
  /** Nodes whose device is paused here now. */
  readonly fenced: readonly string[];
}

export interface ResharerReport extends PassReport {
  /** Orders whose folder, type and peers stand in Syncthing's configuration now. */
  readonly applied: readonly {
    readonly replica: string;
    readonly generation: number;
    readonly epoch: number;
  }[];
  /** Folders of receivers that a peer goes from by their order, and that have to be scanned before it does. */
  readonly unscanned: readonly string[];
}

export interface DeleterReport extends PassReport {
  /** Replicas whose folder is out of Syncthing and whose bytes are where the order wants them. */
  readonly removed: readonly string[];
  readonly tombstonesDone: readonly string[];
  /** Directories under `volumes/` that no order names; left alone. */
  readonly orphans: readonly string[];
}

export interface NodewatcherReport extends PassReport {
  readonly labelled: boolean;
  readonly unfit?: string;
  readonly capacity: { readonly totalBytes: number; readonly freeBytes: number };
}
