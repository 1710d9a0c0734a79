/** What happens in one round, all of it chosen before it begins. */
import type { FaultKind, NodeName, Phase } from './fault-kind.ts';

export interface PlannedFault {
  readonly kind: FaultKind;
  readonly phase: Phase;
  /** Index of the volume it is about. */
  readonly volume: number;
  /** The node it aims at. */
  readonly node: NodeName;
  /** From the beginning of the phase to the fault. */
  readonly afterMs: number;
  /** Undefined where there is nothing to heal, or not before the volumes have moved. */
  readonly holdMs?: number;
  /** For choices of the fault's own. */
  readonly dice: number;
}

export interface Leg {
  /** Where each volume is written, by its index. */
  readonly from: readonly NodeName[];
  /** Where each volume goes on afterwards. */
  readonly to: readonly NodeName[];
  readonly faults: readonly PlannedFault[];
}

export interface RoundPlan {
  readonly seed: number;
  readonly round: number;
  readonly dataNodes: readonly NodeName[];
  readonly volumes: number;
  readonly provision: readonly PlannedFault[];
  readonly legs: readonly Leg[];
  readonly deletion: readonly PlannedFault[];
  /** Where each volume is read for the last time. */
  readonly last: readonly NodeName[];
}

/** Every fault of a round, in order. */
export function faultsOf(plan: RoundPlan): readonly PlannedFault[] {
  return [...plan.provision, ...plan.legs.flatMap((leg) => leg.faults), ...plan.deletion];
}
