/** One leg of a round: steady writing, then every volume goes to another node, with faults in the middle. */
import { eventually } from '../cluster/eventually.ts';
import { countDone } from '../cluster/read-sessions.ts';
import type { Phase } from '../plan/fault-kind.ts';
import type { Leg } from '../plan/round-plan.ts';
import { fireFault } from './fire-fault.ts';
import { livingVolumes, readyOf, startPod, stopPods } from './move.ts';
import type { RoundRun } from './round-run.ts';
import { currentPod, type RoundVolume } from './round-volume.ts';

/** A writer that cannot write, since a fault is upon it, does not hold up the rest. */
const WRITING_MS = 25_000;
/** A node that was given up comes back after this also where nothing went on without it. */
const GIVEN_UP_MS = 180_000;
/** A volume that says so for so long means it: at first its copies may just not have been asked yet. */
const BLOCKED_MS = 30_000;

async function letThemWrite(run: RoundRun): Promise<void> {
  const before = new Map(livingVolumes(run).map((volume) => [volume.claim, doneBy(run, volume)]));
  const hasWritten = (volume: RoundVolume) =>
    doneBy(run, volume) - (before.get(volume.claim) ?? 0) >= run.profile.changesALeg;
  const ask = () => (livingVolumes(run).every(hasWritten) ? true : undefined);
  const options = { signal: run.stage.signal, timeoutMs: WRITING_MS, everyMs: 300, what: 'the writers' };
  await eventually(ask, options).catch(() => {
    run.stage.signal.throwIfAborted();
  });
}

function doneBy(run: RoundRun, volume: RoundVolume): number {
  const pod = currentPod(volume);
  return pod === undefined ? 0 : countDone(run.stage, pod.name);
}

/** Which volumes have moved in this leg, for the faults that wait for it. */
interface Moves {
  readonly moved: Set<string>;
  readonly all: () => Promise<boolean>;
}

function trackMoves(run: RoundRun): Moves {
  const moved = new Set<string>();
  const isBlocked = (volume: RoundVolume) => {
    const ready = readyOf(run, volume);
    return ready?.reason === 'Blocked' && Date.now() - Date.parse(ready.lastTransitionTime) > BLOCKED_MS;
  };
  return {
    moved,
    async all() {
      const ask = () => {
        const waiting = livingVolumes(run).filter((volume) => !moved.has(volume.claim));
        if (waiting.length === 0) return 'moved' as const;
        return waiting.every(isBlocked) ? ('blocked' as const) : undefined;
      };
      const what = 'every volume to go on without the node that was given up';
      const options = { signal: run.stage.signal, timeoutMs: GIVEN_UP_MS, everyMs: 300, what };
      const end = await eventually(ask, options).catch(() => {
        run.stage.signal.throwIfAborted();
        return 'waited for too long' as const;
      });
      if (end !== 'moved') run.stage.say(`the node that was given up is needed: ${end}`);
      return end === 'moved';
    },
  };
}

interface Firing {
  /** Fires the leg's faults of that phase; those about one volume only with it. */
  readonly fire: (phase: Phase, volume?: number) => void;
  readonly end: () => Promise<void>;
}

function prepareFaults(run: RoundRun, leg: Leg, moves: Moves): Firing {
  const fired: Promise<void>[] = [];
  return {
    fire(phase, volume) {
      const faults = leg.faults.filter(
        (fault) => fault.phase === phase && (volume === undefined || fault.volume === volume),
      );
      for (const fault of faults) fired.push(fireFault(run, fault, moves.all));
    },
    async end() {
      await Promise.all(fired);
    },
  };
}

async function moveVolume(run: RoundRun, leg: Leg, index: number, firing: Firing): Promise<boolean> {
  const volume = run.volumes[index];
  const node = leg.to[index];
  if (volume === undefined || node === undefined || run.stopped.has(volume.claim)) return false;
  if (!(await stopPods(run, volume))) return false;
  firing.fire('attach', index);
  return await startPod(run, volume, { node, quiet: false });
}

/** Ends when every volume that can has moved, and every fault of the leg is healed. */
export async function runLeg(run: RoundRun, leg: Leg): Promise<void> {
  const moves = trackMoves(run);
  const firing = prepareFaults(run, leg, moves);
  firing.fire('writing');
  await letThemWrite(run);
  run.stage.say(`moving: ${leg.from.map((from, index) => `${from} -> ${leg.to[index]}`).join(', ')}`);
  firing.fire('detach');
  await Promise.all(
    run.volumes.map(async (volume, index) => {
      if (!(await moveVolume(run, leg, index, firing))) return;
      moves.moved.add(volume.claim);
      run.tally.moves += 1;
    }),
  );
  await firing.end();
}
