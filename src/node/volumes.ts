/**
 * What this process knows of the volumes on its node beside what stands on the disk. Nothing here is needed after a
 * crash: orders come again from the API server, scans are made again, requests are repeated by the kubelet.
 */
import type { SyncthingReplica, SyncthingReplicaStatus } from '../desired/replica.ts';
import type { ScrubRecord } from '../desired/scrub.ts';
import type { LocalScan } from '../handoff/local.ts';
import type { BaseName } from '../handoff/session.ts';
import type { Clock } from '../runtime/clock.ts';

export interface VolumeRecord {
  /** The controller's order as the watch saw it last. */
  order?: SyncthingReplica;
  /** Syncthing's database as of the last look; absent where that could not be told. */
  index?: string | undefined;
  /** The last scan that finished in this life of the process. */
  scan?: LocalScan;
  /** How many targets with a mount NodeUnpublishVolume took away: a scan of before knows nothing of what came last. */
  unpublished?: number;
  /** What runs in the background for it; one thing at a time. */
  job?: string;
  /** After a job that failed: when it may be tried again, milliseconds, how often it failed in a row, and why. */
  jobRetry?: { readonly at: number; readonly failures: number; readonly message: string };
  /** The right to write under which a session was opened last, by since when it is given. */
  opened?: string;
  /** When NodeStage mounted it and no pod has it yet; milliseconds. */
  stagedAt?: number;
  /** Staging paths that calls named. */
  readonly stagingPaths: Set<string>;
  /** Since when the writer is in the phase that is reported. */
  phase?: { readonly key: string; readonly since: string } | undefined;
  /** The last scan for a right to write, named by it; with what kept it from being made, for people. */
  look?: { readonly right: string; readonly isDone: boolean; readonly problem?: string };
  /** The order that the resharer said is applied. */
  applied?: { readonly generation: number; readonly epoch: number };
  /** The order whose peers cannot go before a scan, by its generation, and the one for which that was made. */
  peersGo?: { readonly generation: number; readonly isScanned: boolean };
  /** Why the resharer did not carry out the order, for people, as of its last pass. */
  refused?: string | undefined;
  /** Why the deleter left the copy although it is ordered to go, for people, as of its last pass. */
  unremoved?: string | undefined;
  /** What the last flush found that arrives nowhere else, for people; absent where none was in this life. */
  uncarried?: { readonly epoch: number; readonly paths: readonly string[] };
  /** The deleter said that the order to remove is carried out. */
  removed: boolean;
  /** A pass of the deleter runs that may take the copy away: no session begins (keep-pods-out.ts). */
  isGoing?: true;
  /** The last report written, of which resource and when; milliseconds. */
  written?: { readonly uid: string; readonly at: number; readonly status: SyncthingReplicaStatus };
  /** The base for which the older versions of files were removed. */
  versionsDropped?: BaseName;
  /** For what the last round of helpers was asked. */
  roundKey?: string;
  /** How far the scrub of the copy is, as scrub.json has it; absent until it was read. */
  scrub?: ScrubRecord;
  /** Conflict copies that are there, relative to the volume's root; absent until something is known. */
  conflicts?: ReadonlySet<string>;
  /** They were looked for, or are being. */
  conflictsSought?: boolean;
  /** What keeps this node from going on with it, for people, as of the last look. */
  problem?: string | undefined;
}

/**
 * What was known of a copy that is gone, or of the order that it had. Sessions beside others are counted by the copy: the
 * next copy's may have the same number, and even the same sequence; generations begin anew with the next order.
 */
export function forgetCopy(record: VolumeRecord): void {
  for (const fact of OF_THE_COPY) delete record[fact];
  record.removed = false;
}

const OF_THE_COPY = [
  'applied',
  'conflicts',
  'conflictsSought',
  'jobRetry',
  'look',
  'peersGo',
  'refused',
  'roundKey',
  'scan',
  'scrub',
  'uncarried',
  'unremoved',
  'versionsDropped',
] as const satisfies readonly (keyof VolumeRecord)[];

export interface Volumes {
  /** Made when first asked for. */
  record(folderId: string): VolumeRecord;
  /** Folder ids with an order. */
  ordered(): readonly string[];
  /** Wakes whoever waits for the volume. */
  changed(folderId: string): void;
  /** Resolves at the next change, or after `maxMs`; rejects when the signal fires. */
  nextChange(folderId: string, maxMs: number, signal: AbortSignal): Promise<void>;
}

export function createVolumes(clock: Clock): Volumes {
  const records = new Map<string, VolumeRecord>();
  const waiting = new Map<string, Set<() => void>>();
  return {
    record(folderId) {
      const record = records.get(folderId) ?? { stagingPaths: new Set<string>(), removed: false };
      records.set(folderId, record);
      return record;
    },
    ordered: () => [...records].flatMap(([folderId, { order }]) => (order === undefined ? [] : [folderId])),
    changed(folderId) {
      const wake = waiting.get(folderId);
      waiting.delete(folderId);
      for (const resolve of wake ?? []) resolve();
    },
    async nextChange(folderId, maxMs, signal) {
      const woken = new AbortController();
      const wakers = waiting.get(folderId) ?? new Set<() => void>();
      waiting.set(folderId, wakers);
      function wake(): void {
        woken.abort();
      }
      wakers.add(wake);
      try {
        await clock.sleep(Math.max(0, maxMs), AbortSignal.any([signal, woken.signal]));
      } catch {
        signal.throwIfAborted();
      } finally {
        wakers.delete(wake);
      }
    },
  };
}
