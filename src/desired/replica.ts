/**
 * SyncthingReplica: one a volume and node. The spec is the controller's order, the status is the node's report;
 * neither writes the other's half (docs/design.md, "Who may change what").
 */
import type { ObjectIdentity } from './object.ts';
import type { Base, Conflicts, Grant, Reader, Writer } from './volume.ts';

export type ReplicaRole = 'data' | 'client';

/** Syncthing's folder types as far as we use them. */
export type FolderType = 'sendreceive' | 'receiveonly';

export interface ReplicaPeer {
  readonly node: string;
  readonly deviceId: string;
}

/** What is to become of a copy that goes: `leave` after handoff rule 31, the others by order of DeleteVolume. */
export type ReplicaRemoval = 'leave' | 'delete' | 'archive';

export interface SyncthingReplicaSpec {
  /** Name of the SyncthingVolume. */
  readonly volume: string;
  readonly folderId: string;
  readonly node: string;
  /** Human name for Syncthing's folder label, e.g. `namespace/claim`. */
  readonly label: string;
  readonly role: ReplicaRole;
  /** The volume's highest epoch when this order was written; never falls. */
  readonly epoch: number;
  readonly type: FolderType;
  readonly peers: readonly ReplicaPeer[];
  /** Copies of the volume's status, so that a node needs no other watch; a mount re-reads the volume live. */
  readonly base: Base;
  readonly grant?: Grant;
  /** This copy's own right to read; it is not told of others' (handoff rule 36). */
  readonly reader?: Reader;
  /** Absent: exclusive. A volume never changes from one kind to the other (handoff rule 37). */
  readonly access?: 'eventual';
  /** This copy's own right to write beside others. */
  readonly writer?: Writer;
  /** The controller's word that this scan of the writer is held by enough copies (handoff rules 21 to 23). */
  readonly proven?: { readonly epoch: number; readonly session: number; readonly sequence: number };
  /** This copy is stale: archive what it has and rejoin the lineage of that epoch (handoff rule 30). */
  readonly rejoin?: { readonly epoch: number };
  readonly removal?: ReplicaRemoval;
  /** The directory under `import/` that this copy is to begin with, until the volume has a base (handoff rule 35). */
  readonly importFrom?: string;
  /** Another holder is intact: what was changed here behind Syncthing's back can be taken back (handoff rule 8). */
  readonly mayRevert?: true;
  /** A scrub that was begun after this moment is wanted (handoff rule 43). RFC 3339. */
  readonly scrub?: { readonly requestedAt: string };
}

/** What one node sees of one peer, each field one half of a proof (docs/handoff.md, "proof"). */
export interface PeerReport {
  readonly node: string;
  readonly deviceId: string;
  readonly connected: boolean;
  /** This node knows the peer's index up to here (the peer's own sequence). */
  readonly knownSequence: number;
  /** At `sequence` of the report, the peer lacked nothing that this node has. */
  readonly remoteNeedEmpty: boolean;
}

/** Syncthing's view of the folder on one node, read in an order that keeps both halves sound. */
export interface FolderReport {
  readonly state: string;
  readonly type: FolderType;
  /** This node's own sequence, read before the peers' needs. */
  readonly sequence: number;
  readonly needItems: number;
  readonly needBytes: number;
  readonly receiveOnlyItems: number;
  readonly errors: number;
  /** The first few error texts, with the file they are about. */
  readonly messages: readonly string[];
  /** A scan finished since the daemon started: before that, counts are what an earlier life left behind. */
  readonly scanned: boolean;
  /** Names Syncthing's database on this node: another one knows nothing of before. Absent where it is not known. */
  readonly index?: string;
  readonly peers: readonly PeerReport[];
}

/** The writer's side of one grant, or of one right to write beside others, from `state.json`. */
export interface WriterReport {
  /** 0 for a right to write beside others; its sessions are counted through all rights of the copy. */
  readonly epoch: number;
  /** The right's `since`; absent for a grant (handoff rule 37). */
  readonly right?: string;
  readonly session: number;
  /** `untouched`: a grant that was never mounted, given back (handoff rule 5). */
  readonly phase: 'attached' | 'flushing' | 'released' | 'untouched';
  /** RFC 3339; since when in this phase. */
  readonly since: string;
  /** The folder has writer type (handoff rule 11). */
  readonly switched: boolean;
  /** Paths that arrive on no other node, a few of them, as found after the last unmount (docs/limitations.md). */
  readonly uncarried?: readonly string[];
  /** The last scan that may prove something: begun with writer type, and receiveOnlyItems 0 after it (rule 19). */
  readonly scan?: {
    readonly epoch: number;
    readonly session: number;
    readonly sequence: number;
    readonly startedAt: string;
    /** When all that it found was in the index, by this node's clock; absent once its session was released. */
    readonly finishedAt?: string;
    /** It was begun after the last unmount of its session: nothing was written after it. */
    readonly afterUnmount: boolean;
  };
}

export interface ScrubProgress {
  readonly startedAt: string;
  readonly files: number;
  readonly bytes: number;
  /** Files that rotted and are not right again yet; reported before the first of them is touched (handoff rule 42). */
  readonly repairing: number;
}

/** The bytes of this copy, compared with what was proven (docs/handoff.md, "Scrub"). Times are RFC 3339. */
export interface ScrubStatus {
  /** Of the last one that came to its end; absent until then. */
  readonly startedAt?: string;
  readonly finishedAt?: string;
  readonly files: number;
  readonly bytes: number;
  /** Files that could not be compared, since they were being changed or are not in the index. */
  readonly skipped: number;
  /** Files that had rotted and are right again. */
  readonly repaired: number;
  /** Files that differ and were left as they are, also those that the present scrub found; the first few by name. */
  readonly differing: number;
  readonly names: readonly string[];
  /** One is under way. */
  readonly running?: ScrubProgress;
  /** One is due and cannot be done. */
  readonly failing?: { readonly since: string; readonly message: string };
}

/** `archive` and `earlier` as in state.json (src/handoff/disk-state.ts): every directory that still has something. */
export interface RejoinReport {
  readonly epoch: number;
  readonly step: 'archived' | 'done';
  readonly archive?: string;
  readonly earlier?: readonly string[];
}

/** The last right to read of a copy, from `state.json`: `ended` is on the disk before it is reported (rule 36). */
export interface ReaderReport {
  readonly since: string;
  readonly phase: 'reading' | 'ended';
}

export interface SyncthingReplicaStatus {
  readonly storeId: string;
  /** `spec.epoch` of the order whose folder, type and peers are applied. */
  readonly epoch: number;
  /** The highest epoch that this copy ever saw (handoff rule 4). */
  readonly highestEpoch: number;
  /** The epoch of the latest base that it saw, where that is not 0. */
  readonly highestBase?: number;
  readonly generation: number;
  readonly folder?: FolderReport;
  readonly writer?: WriterReport;
  readonly reader?: ReaderReport;
  readonly rejoin?: RejoinReport;
  readonly scrubbed?: ScrubStatus;
  /** Of `access: eventual`: absent where there are none, or nobody has looked yet. */
  readonly conflicts?: Conflicts;
  /** Mount points of `data/` or below that some process still sees. */
  readonly mounts: readonly string[];
  /** The folder is out of Syncthing and the bytes are where `spec.removal` wants them. */
  readonly removed: boolean;
  readonly message?: string;
  readonly observedAt: string;
}

export interface SyncthingReplica extends ObjectIdentity {
  readonly spec: SyncthingReplicaSpec;
  readonly status?: SyncthingReplicaStatus;
}
