/** What a round came to. */
import type { WrongPath } from '../ledger/violation.ts';
import type { FaultKind, Phase } from '../plan/fault-kind.ts';

export interface FaultCount {
  readonly kind: FaultKind;
  readonly phase: Phase;
}

export type Violation =
  /** A tree that is not what it has to be. `wrong` has the first paths, `count` how many there are. */
  | {
      readonly kind: 'tree';
      readonly round: number;
      readonly volume: string;
      /** Which reading: `node1 after node3, through …`, `copy on node2`. */
      readonly where: string;
      readonly count: number;
      readonly wrong: readonly WrongPath[];
    }
  /** Nothing was wrong any more, and still it did not come about. */
  | {
      readonly kind: 'stuck';
      readonly round: number;
      readonly volume: string;
      readonly where: string;
      readonly message: string;
    };

/** A volume that waits for a person, as the rules have it: nothing was lost, nothing goes on. */
export interface Stopped {
  readonly round: number;
  readonly volume: string;
  readonly reason: string;
  readonly message: string;
}

/** Which call played a round. */
export interface Run {
  readonly startedAt: string;
  readonly commit: string;
  readonly profile: string;
}

export interface RoundOutcome {
  /** In a report of several runs; else it is the report's own. */
  readonly run?: Run;
  readonly seed: number;
  readonly round: number;
  readonly seconds: number;
  readonly faults: readonly FaultCount[];
  /** Came too late, or found nothing to hit. */
  readonly missed: readonly FaultCount[];
  readonly moves: number;
  readonly failovers: number;
  readonly verifiedTrees: number;
  readonly verifiedCopies: number;
  readonly verifiedFiles: number;
  readonly verifiedBytes: number;
  readonly stopped: readonly Stopped[];
  readonly violations: readonly Violation[];
  /** The suite itself failed: the round says nothing then. */
  readonly errors: readonly string[];
}
