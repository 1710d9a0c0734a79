import type { Clock } from '../runtime/clock.ts';
import { restMs } from './plan.ts';

/** Keeps the reading slow. */
export interface Pace {
  /** Comes back when more may be read. */
  spent(bytes: number): Promise<void>;
}

/** Shorter rests are saved up: a timer is not that exact. */
const SHORTEST_REST_MS = 20;
/** What a slow disk did not give is not made up for later, beyond this. */
const MOST_BEHIND_MS = 1_000;

export function createPace(clock: Clock, bytesPerSecond: number, signal: AbortSignal): Pace {
  let begun = clock.now();
  let total = 0;
  return {
    async spent(bytes) {
      signal.throwIfAborted();
      total += bytes;
      const rest = restMs(total, clock.now() - begun, bytesPerSecond);
      if (rest < -MOST_BEHIND_MS) begun -= rest + MOST_BEHIND_MS;
      if (rest >= SHORTEST_REST_MS) await clock.sleep(rest, signal);
    },
  };
}
