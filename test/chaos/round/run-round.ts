/** One round from its claims to their end. */
import { watchStatuses } from '../cluster/status-watch.ts';
import type { Stage } from '../cluster/stage.ts';
import { FAULTS } from '../faults/table.ts';
import type { Profile } from '../plan/profile.ts';
import { faultsOf, type RoundPlan } from '../plan/round-plan.ts';
import type { RoundOutcome } from '../report/outcome.ts';
import { compareDisks, checkStopped } from './compare-copies.ts';
import { deleteVolumes } from './delete-volumes.ts';
import { keepEvidence } from './evidence.ts';
import { faultContext, fireFault } from './fire-fault.ts';
import { healCluster } from './heal.ts';
import { livingVolumes, startPod, stopPods } from './move.ts';
import { newTally, noteViolation, type RoundRun, tell } from './round-run.ts';
import { boundVolume, createClaim, type RoundVolume } from './round-volume.ts';
import { runLeg } from './run-leg.ts';

/** A round is of no use without all of its volumes: the first that does not come ends it. */
async function bound(run: RoundRun, claim: string): Promise<RoundVolume> {
  try {
    return await boundVolume(run.stage, claim);
  } catch (error) {
    run.stage.signal.throwIfAborted();
    const { round } = run.plan;
    noteViolation(run, { kind: 'stuck', round, volume: claim, where: 'provisioning', message: tell(error) });
    throw error;
  }
}

async function provision(run: RoundRun): Promise<void> {
  const { stage, plan } = run;
  const claims = Array.from({ length: plan.volumes }, (_, index) => `r${plan.round}v${index}`);
  for (const claim of claims) await createClaim(stage, claim);
  const faults = plan.provision.map(async (fault) => {
    await fireFault(run, fault, async () => await Promise.resolve(true));
  });
  const volumes = await Promise.all(claims.map(async (claim) => await bound(run, claim)));
  run.volumes.push(...volumes);
  const first = plan.legs[0]?.from ?? [];
  await Promise.all(
    volumes.map(async (volume, index) => {
      const node = first[index];
      if (node !== undefined) await startPod(run, volume, { node, quiet: false });
    }),
  );
  await Promise.all(faults);
}

async function prepareFaults(run: RoundRun): Promise<void> {
  for (const fault of faultsOf(run.plan)) await FAULTS[fault.kind].prepare?.(faultContext(run, fault));
}

/** A last reader that changes nothing, so that what it read is what every copy has to be. */
async function readQuietly(run: RoundRun): Promise<void> {
  await Promise.all(
    run.volumes.map(async (volume, index) => {
      const node = run.plan.last[index];
      if (node === undefined || run.stopped.has(volume.claim)) return;
      if (!(await stopPods(run, volume))) return;
      if (!(await startPod(run, volume, { node, quiet: true }))) return;
      run.tally.moves += 1;
      await stopPods(run, volume);
    }),
  );
}

async function play(run: RoundRun): Promise<void> {
  const { plan, stage } = run;
  await healCluster(stage, plan.dataNodes);
  await provision(run);
  await prepareFaults(run);
  for (const leg of plan.legs) await runLeg(run, leg);
  await healCluster(stage, plan.dataNodes);
  await readQuietly(run);
  for (const volume of livingVolumes(run)) await compareDisks(run, volume);
  for (const stopped of run.tally.stopped) {
    const volume = run.volumes.find(({ claim }) => claim === stopped.volume);
    if (volume !== undefined) await checkStopped(run, volume);
  }
}

export interface RoundInput {
  readonly stage: Stage;
  readonly plan: RoundPlan;
  readonly profile: Profile;
}

/** Whatever happens in it, the round heals what it broke; an interruption alone is thrown on. */
export async function runRound({ stage, plan, profile }: RoundInput): Promise<RoundOutcome> {
  const started = Date.now();
  const tally = newTally(plan.seed, plan.round);
  const watch = watchStatuses(stage);
  const run: RoundRun = {
    stage,
    plan,
    profile,
    watch,
    volumes: [],
    tally,
    checked: new Set(),
    stopped: new Set(),
  };
  try {
    await play(run);
    if (tally.violations.length > 0) await keepEvidence(run);
    await deleteVolumes(run);
  } catch (error) {
    stage.signal.throwIfAborted();
    tally.errors.push(tell(error));
    await keepEvidence(run);
  } finally {
    await watch.stop();
  }
  const healed = await healCluster(stage, plan.dataNodes);
  if (healed.length > 0) stage.say(`left behind and healed: ${healed.map(({ kind }) => kind).join(', ')}`);
  tally.seconds = (Date.now() - started) / 1000;
  return tally;
}
