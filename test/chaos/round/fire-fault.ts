/** A fault from its moment to its healing. */
import { setTimeout as delay } from 'node:timers/promises';
import type { FaultContext } from '../faults/fault.ts';
import { FAULTS } from '../faults/table.ts';
import { FAULT_TRAITS } from '../plan/fault-traits.ts';
import type { PlannedFault } from '../plan/round-plan.ts';
import { type RoundRun, tell } from './round-run.ts';

export function faultContext(run: RoundRun, planned: PlannedFault): FaultContext {
  const { stage, profile, volumes, plan } = run;
  return { stage, planned, profile, volumes, dataNodes: plan.dataNodes };
}

async function heal(run: RoundRun, planned: PlannedFault, moved: boolean): Promise<void> {
  await FAULTS[planned.kind].heal(faultContext(run, planned), moved);
  if (FAULT_TRAITS[planned.kind].lasting.kind !== 'moment') run.stage.say(`healed: ${planned.kind}`);
}

/** Waits until it is time to heal; true where every volume has gone on elsewhere by then. */
async function untilHealing(
  run: RoundRun,
  planned: PlannedFault,
  moved: () => Promise<boolean>,
): Promise<boolean> {
  if (FAULT_TRAITS[planned.kind].lasting.kind === 'until-moved') return await moved();
  if (planned.holdMs !== undefined) await delay(planned.holdMs, undefined, { signal: run.stage.signal });
  return false;
}

/** Counted as what it came to, also where it cannot be healed. */
async function healInTime(
  run: RoundRun,
  planned: PlannedFault,
  moved: () => Promise<boolean>,
): Promise<void> {
  const { kind, phase } = planned;
  let counted = kind;
  try {
    const hasMoved = await untilHealing(run, planned, moved);
    if (!hasMoved) counted = FAULTS[kind].unmoved ?? kind;
    await heal(run, planned, hasMoved);
  } finally {
    run.tally.faults.push({ kind: counted, phase });
  }
}

/** `moved` ends when all volumes have moved, or cannot without the node. What fails is an error of the round's. */
export async function fireFault(
  run: RoundRun,
  planned: PlannedFault,
  moved: () => Promise<boolean>,
): Promise<void> {
  const { kind, phase, node, holdMs } = planned;
  const { signal } = run.stage;
  try {
    await delay(planned.afterMs, undefined, { signal });
    const lasts = holdMs === undefined ? '' : ` for ${(holdMs / 1000).toFixed(1)} s`;
    run.stage.say(`${phase}: ${kind} on ${node}${lasts}`);
    const outcome = await FAULTS[kind].apply(faultContext(run, planned));
    if (outcome === 'missed') {
      run.tally.missed.push({ kind, phase });
      run.stage.say(`${kind} found nothing to hit`);
      return;
    }
    await healInTime(run, planned, moved);
  } catch (error) {
    signal.throwIfAborted();
    run.tally.errors.push(`${kind} while ${phase}: ${tell(error)}`);
  }
}
