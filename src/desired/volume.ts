/**
 * SyncthingVolume: one a volume (docs/design.md, "State"). The spec says what was asked for, the status, written by
 * the controller alone with compare-and-swap, says who may write and what is proven.
 */
import type { Condition, ObjectIdentity } from './object.ts';

/** `exclusive`: one writer by the grant. `eventual`: every attached node writes, Syncthing merges file by file. */
export type Access = 'exclusive' | 'eventual';

/** Who says that a writer is lost: a person, or silence as well (handoff rule 25). */
export type Failover = 'manual' | 'automatic';

/** What becomes of the bytes when the claim goes: removed after a grace time, or kept under `archive/`. */
export type OnDelete = 'delete' | 'archive';

/** A copy that holds a known state. `sequence` is the holder's own, so a lower one later means a lost database. */
export interface Holder {
  readonly node: string;
  readonly storeId: string;
  readonly sequence: number;
  /** Of Syncthing's database that counted it, so that another one later is a loss for sure; absent where unknown. */
  readonly index?: string;
}

/** The exclusive right to write: at most one a volume, its epoch only rises (handoff rules 1 and 4). */
export interface Grant {
  readonly epoch: number;
  readonly node: string;
  readonly storeId: string;
  /** RFC 3339; when the controller gave it. */
  readonly since: string;
}

/** A right that several nodes may have at once; it excludes none of its kind. */
export interface Right {
  readonly node: string;
  readonly storeId: string;
  /** RFC 3339; when the controller gave it. It names this right: a later one of the same copy is later in time. */
  readonly since: string;
}

/** The right to read what the base has, while nobody writes (handoff rule 36). */
export type Reader = Right;

/** For this node ControllerPublishVolume was answered, and ControllerUnpublishVolume was not yet (handoff rule 6). */
export interface PublishedNode {
  readonly node: string;
  /** RFC 3339. */
  readonly since: string;
}

/** The right to write an own copy of a volume with `access: eventual`, beside others (handoff rule 37). */
export type Writer = Right;

export type BaseKind = 'empty' | 'seed' | 'handoff' | 'failover' | 'shared';

/**
 * The state the next writer starts from, and who has it. `empty` has epoch 0, session 0 and no holders. So has
 * `shared` its numbers, which is of `access: eventual`: its holders are the data copies that had all once, and of
 * which those that answer are asked for what came since (handoff rule 37).
 */
export interface Base {
  readonly kind: BaseKind;
  readonly epoch: number;
  readonly session: number;
  readonly holders: readonly Holder[];
  /**
   * Of a failover: end of the last scan of the lost writer that was proven, by that node's clock; absent where nothing
   * was proven in its epoch.
   */
  readonly provenThrough?: string;
  /**
   * Of a failover: the source's own sequence when the lost writer's epoch began, which is of what was proven before that,
   * by whose clock soever; absent where the source did not hold the base then.
   */
  readonly heldBefore?: number;
  /** Of a failover: RFC 3339, when it was decided. */
  readonly since?: string;
}

/** The highest proof of the current grant: what the writer had at a scan, and who is proven to hold it. */
export interface Proof {
  readonly epoch: number;
  readonly session: number;
  /** The writer's own sequence right after the scan. */
  readonly sequence: number;
  /** RFC 3339; start of the scan: everything fsynced before it is acknowledged. */
  readonly scanStartedAt: string;
  /** Its end, by the writer's clock: what was deleted until then is proven to be deleted (rule 28). */
  readonly scanFinishedAt?: string;
  readonly holders: readonly Holder[];
}

/** A copy that may carry changes of a lost lineage: unshared until its node archived them (handoff rules 26, 30). */
export interface StaleCopy {
  readonly node: string;
  readonly storeId: string;
  /** The epoch of the lineage that it has to rejoin. */
  readonly epoch: number;
}

/** Copies of files that lost against another node's change and stay beside it (handoff rule 37). */
export interface Conflicts {
  readonly count: number;
  /** The latest few, relative to the volume's root. */
  readonly names: readonly string[];
}

export interface SyncthingVolumeSpec {
  /** The name of the CreateVolume request; for a dynamically made claim also the PersistentVolume's name. */
  readonly requestName: string;
  readonly capacityBytes: number;
  /** Copies wanted on data nodes; absent: every data node. */
  readonly replicas?: number;
  readonly access: Access;
  readonly onDelete: OnDelete;
  /** Absent: manual. */
  readonly failover?: Failover;
  readonly claim?: { readonly namespace: string; readonly name: string };
  /** What the volume begins with: a directory of that name under `import/` on the node's disk (handoff rule 35). */
  readonly source?: { readonly node: string; readonly directory: string };
  readonly parameters: Readonly<Record<string, string>>;
  /**
   * A person's word that the grant of this epoch is over, whatever its node says. `acceptLoss`: the volume may go on
   * from any copy when none that has everything acknowledged can be reached.
   */
  readonly forceDetach?: { readonly epoch: number; readonly acceptLoss?: boolean };
  /** Set by DeleteVolume alone; nothing else orders bytes to go (handoff rule 32). */
  readonly deletion?: { readonly requestedAt: string };
}

export interface SyncthingVolumeStatus {
  /** The highest epoch ever given out or reserved; the next grant is above it. */
  readonly epoch: number;
  readonly grant?: Grant;
  /** Never together with a grant. */
  readonly readers: readonly Reader[];
  /** Empty without Kubernetes' attach step. */
  readonly published: readonly PublishedNode[];
  /** Of `access: eventual` alone. */
  readonly writers: readonly Writer[];
  /** The same by name, for people: a printer column shows one value. */
  readonly writing?: string;
  readonly conflicts?: Conflicts;
  readonly base: Base;
  readonly proven?: Proof;
  readonly replicatedThrough?: string;
  readonly leaving?: { readonly node: string; readonly storeId: string };
  readonly stale: readonly StaleCopy[];
  readonly conditions: readonly Condition[];
}

/** What a person asks for by annotations of the resource. */
export interface VolumeWishes {
  /** RFC 3339: every copy is to be scrubbed after this moment. */
  readonly scrubAt?: string;
  /** Copies may leave although the others were not scrubbed lately. */
  readonly leaveWithoutScrub?: boolean;
}

export interface SyncthingVolume extends ObjectIdentity {
  /** Also Syncthing's folder id: from the request's name and the resource's uid, see volume-id.ts. */
  readonly volumeId: string;
  readonly spec: SyncthingVolumeSpec;
  readonly status: SyncthingVolumeStatus;
  readonly wishes?: VolumeWishes;
}
