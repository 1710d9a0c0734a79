/** What every fault is to the round that makes it: something to apply, and to take back. */
import type { Stage } from '../cluster/stage.ts';
import type { FaultKind, NodeName } from '../plan/fault-kind.ts';
import type { Profile } from '../plan/profile.ts';
import type { PlannedFault } from '../plan/round-plan.ts';
import type { RoundVolume } from '../round/round-volume.ts';

export interface FaultContext {
  readonly stage: Stage;
  readonly planned: PlannedFault;
  readonly profile: Profile;
  readonly dataNodes: readonly NodeName[];
  /** All of the round; empty while they are being provisioned. */
  readonly volumes: readonly RoundVolume[];
}

/** `missed`: what it was to hit was not there in time. Nothing was done then, and nothing is counted. */
export type Outcome = 'applied' | 'missed';

export interface Fault {
  /** At the beginning of a round that has this fault, once its volumes are written. */
  readonly prepare?: (context: FaultContext) => Promise<void>;
  readonly apply: (context: FaultContext) => Promise<Outcome>;
  /** What it was where not every volume moved: its healing spares then what the volumes still need. */
  readonly unmoved?: FaultKind;
  /** Called once for each apply. `moved`: every volume goes on elsewhere, so nobody needs what is on the node. */
  readonly heal: (context: FaultContext, moved: boolean) => Promise<void>;
}

/** For faults after which Kubernetes heals everything by itself. */
export async function nothingToHeal(): Promise<void> {
  await Promise.resolve();
}

/** The volume that the fault is about; undefined while there is none. */
export function aimedVolume({ volumes, planned }: FaultContext): RoundVolume | undefined {
  return volumes[planned.volume];
}
