/** What the parts of the node service share; main.ts puts it together, a test with fakes. */
import type { Clock } from '../runtime/clock.ts';
import type { HandoffSettings } from '../handoff/settings.ts';
import type { KubernetesClient } from '../kubernetes/client.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Mounter } from '../mount/mounter.ts';
import type { RoundReason } from '../runtime/plan-rounds.ts';
import type { SyncthingClient } from '../syncthing/client.ts';
import type { EventRecorder } from '../kubernetes/event-recorder.ts';
import type { DiskStates } from './disk-state-file.ts';
import type { ScrubRecords } from './scrub-records.ts';
import type { MountPoints } from './mount-points.ts';
import type { Store } from './store.ts';
import type { SyncthingHealth } from './syncthing-health.ts';
import type { VolumeMutex } from './volume-mutex.ts';
import type { Volumes } from './volumes.ts';
import type { WantedVolumes } from './wanted.ts';

export interface NodeContext {
  readonly node: string;
  readonly driverName: string;
  /** Absolute; staging and target paths lie in it. */
  readonly kubeletDir: string;
  readonly store: Store;
  readonly states: DiskStates;
  readonly scrubs: ScrubRecords;
  readonly volumes: Volumes;
  readonly mutex: VolumeMutex;
  readonly wanted: WantedVolumes;
  readonly mounter: Mounter;
  readonly mountPoints: MountPoints;
  /** The mount namespace of this process, as FoundMount names it. */
  readonly ownNamespace: string;
  readonly kubernetes: Pick<KubernetesClient, 'get' | 'namespace'>;
  readonly events: Pick<EventRecorder, 'record'>;
  readonly syncthing: SyncthingClient;
  readonly health: SyncthingHealth;
  readonly clock: Clock;
  readonly log: Logger;
  readonly settings: NodeSettings;
  /** Every order of this node is known: before that, a volume without one may have one. */
  readonly knowsOrders: () => boolean;
  /** Syncfs of the filesystems that hold these paths (handoff rule 20). */
  readonly syncFilesystems: (paths: readonly string[], signal: AbortSignal) => Promise<void>;
  readonly wake: Wake;
}

/** Asks for work to be done soon; each returns at once and may be called as often as one likes. */
export interface Wake {
  /** Look at the volume again. */
  volume(folderId: string): void;
  /** Write the SyncthingNode's status now. */
  nodeReport(): void;
  /** Run the helpers; `urgent`: somebody waits for it, so only what changes folders and devices (handoff rule 38). */
  round(reason: RoundReason): void;
}

/** Milliseconds. */
export interface NodeSettings {
  readonly handoff: HandoffSettings;
  /** How long NodeStage waits for a grant that is on its way. */
  readonly stageWaitMs: number;
  /** How long it waits where only a person can help. */
  readonly blockedWaitMs: number;
  /** How long the last NodeUnpublish waits for the flush before it answers OK. */
  readonly detachWaitMs: number;
  /** How long NodeUnstage waits for it at most. */
  readonly unstageWaitMs: number;
  /** What a call leaves of its deadline, so that its answer still arrives. */
  readonly deadlineReserveMs: number;
  /** A staged volume whose pod has not come after this counts as detached. */
  readonly publishGraceMs: number;
}

export const defaultNodeTimes: Omit<NodeSettings, 'handoff' | 'detachWaitMs'> = {
  stageWaitMs: 60_000,
  blockedWaitMs: 5_000,
  unstageWaitMs: 100_000,
  deadlineReserveMs: 5_000,
  publishGraceMs: 150_000,
};
