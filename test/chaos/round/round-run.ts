/** One round while it runs: what it works on, and what it has seen so far. */
import type { Stage } from '../cluster/stage.ts';
import type { StatusWatch } from '../cluster/status-watch.ts';
import type { Profile } from '../plan/profile.ts';
import type { RoundPlan } from '../plan/round-plan.ts';
import type { RoundOutcome, Stopped, Violation } from '../report/outcome.ts';
import type { RoundVolume } from './round-volume.ts';

/** The outcome, while it grows. */
export type Tally = {
  -readonly [Key in keyof RoundOutcome]: RoundOutcome[Key] extends readonly (infer Item)[]
    ? Item[]
    : RoundOutcome[Key];
};

export interface RoundRun {
  readonly stage: Stage;
  readonly plan: RoundPlan;
  readonly profile: Profile;
  readonly watch: StatusWatch;
  /** Grows while they are provisioned. */
  readonly volumes: RoundVolume[];
  readonly tally: Tally;
  /** Sessions that were compared with what was before them, by name. */
  readonly checked: Set<string>;
  /** Claims of volumes that wait for a person. */
  readonly stopped: Set<string>;
}

export function newTally(seed: number, round: number): Tally {
  return {
    seed,
    round,
    seconds: 0,
    faults: [],
    missed: [],
    moves: 0,
    failovers: 0,
    verifiedTrees: 0,
    verifiedCopies: 0,
    verifiedFiles: 0,
    verifiedBytes: 0,
    stopped: [],
    violations: [],
    errors: [],
  };
}

export function noteViolation(run: RoundRun, violation: Violation): void {
  run.tally.violations.push(violation);
  const what = violation.kind === 'tree' ? `${violation.count} path(s) wrong` : violation.message;
  run.stage.say(`VIOLATION in ${violation.volume}, ${violation.where}: ${what}`);
}

export function noteStopped(run: RoundRun, stopped: Stopped): void {
  run.tally.stopped.push(stopped);
  run.stopped.add(stopped.volume);
  run.stage.say(`${stopped.volume} waits for a person: ${stopped.message}`);
}

export function tell(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
