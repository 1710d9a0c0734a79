/** What the demo saw, written to `.cluster/demo.json` as it goes; its summary is made from this and nothing else. */
import type { Checksums } from '../kube/tree.ts';

export interface PodObservation {
  readonly label: string;
  readonly uid: string;
  readonly node: string;
  /** RFC 3339; when the demo saw it ready. */
  readonly readyAt: string;
  /** Seconds from asking for the pod to seeing it ready. */
  readonly seconds: number;
}

export interface CheckObservation {
  readonly label: string;
  readonly node: string;
  /** What has to be there. */
  readonly expected: Checksums;
  /** What was read in the pod. */
  readonly found: Checksums;
}

export interface CopyObservation {
  readonly node: string;
  readonly role: string;
  readonly needBytes: number;
  readonly inSync: boolean;
}

export interface Observations {
  readonly startedAt: string;
  readonly pods: readonly PodObservation[];
  readonly copies: readonly CopyObservation[];
  readonly checks: readonly CheckObservation[];
  readonly powerCut?: {
    readonly node: string;
    readonly at: string;
    /** The volume's `replicatedThrough` when the new pod was ready: what was fsynced before is acknowledged. */
    readonly replicatedThrough: string;
    readonly written: number;
    readonly acknowledged: number;
  };
  readonly comeback?: {
    readonly node: string;
    readonly caughtUpAt: string;
    readonly archive: string;
    readonly archivedFiles: readonly string[];
  };
  readonly finishedAt?: string;
}

export function noObservations(startedAt: string): Observations {
  return { startedAt, pods: [], copies: [], checks: [] };
}
