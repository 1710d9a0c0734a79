import type { Clock } from './clock.ts';
import type { Backoff } from './backoff.ts';

/** What becomes of a key after its work is done. */
export interface WorkResult {
  /** Look again after so long even if nothing happens. */
  readonly requeueAfterMs?: number;
}

export interface WorkQueueOptions {
  readonly clock: Clock;
  /** How many keys are worked on at once; one key never twice at once. */
  readonly concurrency: number;
  readonly backoff: Backoff;
  /** Level-triggered: gets the key, reads what is the case now. If it throws, the key comes again after a back-off. */
  readonly work: (key: string, signal: AbortSignal) => Promise<WorkResult | void>;
  readonly onError: (key: string, error: unknown, retryInMs: number) => void;
}

export interface WorkQueue {
  /** A key that waits already is not added twice; one being worked on runs again afterwards. */
  add(key: string): void;
  /** Adds it later; the earliest time asked for counts. */
  addAfter(key: string, ms: number): void;
  /** Keys that wait, are delayed, or are worked on. */
  size(): number;
  /** Works until the signal fires, then waits for what is under way. */
  run(signal: AbortSignal): Promise<void>;
  /** Resolves when nothing waits and nothing is worked on; delayed keys do not count. */
  idle(): Promise<void>;
}
