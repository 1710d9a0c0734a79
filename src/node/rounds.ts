/** When the helpers run: never two rounds at once, soon after they are asked for, slowly when nothing happens (rule 38). */
import type { Backoff } from '../runtime/backoff.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/logger.ts';
import { sleepUnless } from './sleep-unless.ts';

/** `waited`: somebody waits, so only what changes devices and folders; `full`: every helper. */
export type RoundKind = 'waited' | 'full';

export interface RoundOutcome {
  /** A helper ran out of its budget. */
  readonly more: boolean;
  /** A helper, or an item of its plan, failed. */
  readonly failed: boolean;
}

export interface RoundsOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly backoff: Backoff;
  /** The slow safety pass, milliseconds. */
  readonly intervalMs: number;
  readonly round: (kind: RoundKind, signal: AbortSignal) => Promise<RoundOutcome>;
}

export interface Rounds {
  request(kind: RoundKind): void;
  run(signal: AbortSignal): Promise<void>;
}

/** What comes in the wake of one change is done together. */
const DEBOUNCE_MS: Readonly<Record<RoundKind, number>> = { waited: 20, full: 200 };

export function createRounds(options: RoundsOptions): Rounds {
  const { clock } = options;
  const asked = new Set<RoundKind>();
  let woken = Promise.withResolvers<void>();
  let failures = 0;
  let fullAt = Number.NEGATIVE_INFINITY;

  function request(kind: RoundKind): void {
    asked.add(kind);
    woken.resolve();
  }

  /** The next kind to run: what somebody waits for first, and the safety pass when its time has come. */
  function next(): RoundKind | undefined {
    if (asked.has('waited')) return 'waited';
    return asked.has('full') || clock.now() - fullAt >= options.intervalMs ? 'full' : undefined;
  }

  async function runOne(kind: RoundKind, signal: AbortSignal): Promise<void> {
    await clock.sleep(DEBOUNCE_MS[kind], signal);
    asked.delete(kind);
    if (kind === 'full') {
      asked.delete('waited');
      fullAt = clock.now();
    }
    const outcome = await options.round(kind, signal);
    if (outcome.more) asked.add(kind);
    failures = outcome.failed ? failures + 1 : 0;
    if (outcome.failed) clock.after(options.backoff.delayMs(failures), () => request(kind));
  }

  return {
    request,
    async run(signal) {
      while (!signal.aborted) {
        woken = Promise.withResolvers<void>();
        const kind = next();
        try {
          if (kind === undefined) await sleepUnless(clock, options.intervalMs, { woken: woken.promise, signal });
          else await runOne(kind, signal);
        } catch (error) {
          if (signal.aborted) return;
          options.log.error({ error, round: kind }, 'a round of the helpers failed');
          failures += 1;
          await clock.sleep(options.backoff.delayMs(failures), signal).catch(() => undefined);
        }
      }
    },
  };
}
