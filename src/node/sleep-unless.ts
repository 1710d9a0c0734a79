import type { Clock } from '../runtime/clock.ts';

export interface Interrupts {
  readonly signal: AbortSignal;
  /** Ends the sleep early. */
  readonly woken: Promise<void>;
}

/** Sleeps until the time has passed, somebody wakes it, or the signal fires; never rejects. */
export async function sleepUnless(clock: Clock, ms: number, { signal, woken }: Interrupts): Promise<void> {
  const stop = new AbortController();
  void woken.then(() => stop.abort());
  await clock.sleep(ms, AbortSignal.any([signal, stop.signal])).catch(() => undefined);
}
