/** Volumes on their way from one node to another. */
import { kubectl } from '../../../tools/kube/kube.ts';
import { eventually } from '../cluster/eventually.ts';
import { NAMESPACE } from '../cluster/stage.ts';
import type { Condition } from '../../../src/desired/object.ts';
import { FAULT_TRAITS } from '../plan/fault-traits.ts';
import { checkSessions } from './check-sessions.ts';
import { noteStopped, noteViolation, type RoundRun, tell } from './round-run.ts';
import { addPod, currentPod, endPods, hasSession, type NextPod, type RoundVolume } from './round-volume.ts';

/** Longer than any fault is held, with all that Kubernetes and the driver wait for by themselves. */
export const PATIENCE_MS = 420_000;

export function readyOf(run: RoundRun, volume: RoundVolume): Condition | undefined {
  const status = run.watch.latest(volume.volumeId)?.status;
  return status?.conditions.find((condition) => condition.type === 'Ready');
}

/** The API is older than the data, and that was the round's own doing: nobody is granted the volume (handoff rule 4). */
function stopReason(run: RoundRun, volume: RoundVolume): string | undefined {
  const mayStop = run.tally.faults.some(({ kind }) => FAULT_TRAITS[kind].isLast === true);
  const ready = readyOf(run, volume);
  return mayStop && ready?.reason === 'Diverged' ? ready.message : undefined;
}

async function waitForSession(run: RoundRun, volume: RoundVolume): Promise<'reads' | 'stopped'> {
  const ask = async () => {
    if (await hasSession(run.stage, volume)) return 'reads' as const;
    return stopReason(run, volume) === undefined ? undefined : ('stopped' as const);
  };
  const node = currentPod(volume)?.node ?? '';
  const what = `a pod on ${node} to have read ${volume.claim}`;
  return await eventually(ask, { signal: run.stage.signal, timeoutMs: PATIENCE_MS, what });
}

async function describe(run: RoundRun, volume: RoundVolume): Promise<string> {
  const pod = currentPod(volume)?.name ?? '';
  const described = await kubectl(run.stage.kube, ['-n', NAMESPACE, 'describe', 'pod', pod]).catch(() => '');
  const events = described.slice(described.indexOf('Events:')).split('\n').slice(-6).join('\n');
  const ready = readyOf(run, volume);
  return `Ready is ${ready?.status}, ${ready?.reason}: ${ready?.message}\n${events}`;
}

/** It does not come about although nothing is broken any more. The volume is left out of the rest of the round. */
export async function noteStuck(
  run: RoundRun,
  volume: RoundVolume,
  where: string,
  error: unknown,
): Promise<void> {
  run.stage.signal.throwIfAborted();
  const message = `${tell(error)}; ${await describe(run, volume)}`;
  noteViolation(run, { kind: 'stuck', round: run.plan.round, volume: volume.claim, where, message });
  run.stopped.add(volume.claim);
}

/** Starts the volume's next pod, and compares what it reads. True where it reads. */
export async function startPod(run: RoundRun, volume: RoundVolume, next: NextPod): Promise<boolean> {
  try {
    await addPod(run.stage, volume, next);
    const outcome = await waitForSession(run, volume);
    if (outcome === 'stopped') {
      const message = stopReason(run, volume) ?? '';
      noteStopped(run, { round: run.plan.round, volume: volume.claim, reason: 'Diverged', message });
      return false;
    }
    await checkSessions(run, volume);
    return true;
  } catch (error) {
    await noteStuck(run, volume, `start on ${next.node}`, error);
    return false;
  }
}

export async function stopPods(run: RoundRun, volume: RoundVolume): Promise<boolean> {
  try {
    await endPods(run.stage, volume, PATIENCE_MS);
    return true;
  } catch (error) {
    await noteStuck(run, volume, 'end of its pod', error);
    return false;
  }
}

/** Volumes that are still in the game. */
export function livingVolumes(run: RoundRun): readonly RoundVolume[] {
  return run.volumes.filter((volume) => !run.stopped.has(volume.claim));
}
