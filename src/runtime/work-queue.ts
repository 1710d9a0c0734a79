import type { Backoff } from './backoff.ts';
import type { Clock } from './clock.ts';

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
  /** Level-triggered: gets the key and reads what is the case now. If it throws, the key comes again after a back-off. */
  readonly work: (key: string, signal: AbortSignal) => Promise<WorkResult | undefined>;
  readonly onError: (failure: WorkFailure) => void;
}

export interface WorkFailure {
  readonly key: string;
  readonly error: unknown;
  readonly failures: number;
  readonly retryInMs: number;
}

export interface WorkQueue {
  /** A key that waits already is not added twice; one being worked on is worked on again afterwards. */
  add(key: string): void;
  /** Adds it later; of several times the earliest counts. */
  addAfter(key: string, ms: number): void;
  /** Keys that wait, are delayed, or are worked on. */
  size(): number;
  /** Works until the signal fires, then waits for what is under way. Once a queue. */
  run(signal: AbortSignal): Promise<void>;
  /** Resolves when nothing waits and nothing is worked on; delayed keys do not count. */
  idle(): Promise<void>;
}

interface Delayed {
  readonly due: number;
  readonly cancel: () => void;
}

interface State {
  readonly waiting: Set<string>;
  readonly active: Set<string>;
  /** Added again while being worked on. */
  readonly again: Set<string>;
  readonly delayed: Map<string, Delayed>;
  readonly failures: Map<string, number>;
  /** Woken at every change of the sets. */
  readonly watchers: Set<() => void>;
  signal: AbortSignal | undefined;
}

/** Deduplicates by key, as the work queues of Kubernetes' controllers do: it holds names, never events. */
export function createWorkQueue(options: WorkQueueOptions): WorkQueue {
  const state = emptyState();

  function add(key: string): void {
    state.delayed.get(key)?.cancel();
    state.delayed.delete(key);
    if (state.active.has(key)) state.again.add(key);
    else state.waiting.add(key);
    pump();
  }

  function addAfter(key: string, ms: number): void {
    if (state.waiting.has(key)) return;
    const due = options.clock.now() + ms;
    const planned = state.delayed.get(key);
    if (planned !== undefined && planned.due <= due) return;
    planned?.cancel();
    const cancel = options.clock.after(ms, () => add(key));
    state.delayed.set(key, { due, cancel });
  }

  function pump(): void {
    for (const key of state.waiting) {
      if (state.signal === undefined || state.signal.aborted || state.active.size >= options.concurrency)
        return;
      state.waiting.delete(key);
      state.active.add(key);
      void workOn(key, state.signal);
    }
  }

  async function workOn(key: string, signal: AbortSignal): Promise<void> {
    const delayMs = await attempt(key, signal);
    state.active.delete(key);
    // After a failure the back-off counts, or a stream of events would make a failing key spin.
    const failed = state.failures.has(key);
    if (state.again.delete(key) && !failed) state.waiting.add(key);
    else if (delayMs !== undefined && !signal.aborted) addAfter(key, delayMs);
    pump();
    for (const wake of state.watchers) wake();
  }

  /** In how many milliseconds the key comes again; undefined if only an add brings it back. */
  async function attempt(key: string, signal: AbortSignal): Promise<number | undefined> {
    try {
      const result = await options.work(key, signal);
      state.failures.delete(key);
      return result?.requeueAfterMs;
    } catch (error) {
      if (signal.aborted) return undefined;
      const failures = (state.failures.get(key) ?? 0) + 1;
      state.failures.set(key, failures);
      const retryInMs = options.backoff.delayMs(failures);
      options.onError({ key, error, failures, retryInMs });
      return retryInMs;
    }
  }

  async function run(signal: AbortSignal): Promise<void> {
    if (state.signal !== undefined) throw new Error('the work queue is running already');
    state.signal = signal;
    pump();
    await aborted(signal);
    for (const { cancel } of state.delayed.values()) cancel();
    await until(state, () => state.active.size === 0);
  }

  return {
    add,
    addAfter,
    run,
    size: () => new Set([...state.waiting, ...state.active, ...state.delayed.keys()]).size,
    idle: () => until(state, () => state.active.size === 0 && state.waiting.size === 0),
  };
}

function emptyState(): State {
  return {
    waiting: new Set(),
    active: new Set(),
    again: new Set(),
    delayed: new Map(),
    failures: new Map(),
    watchers: new Set(),
    signal: undefined,
  };
}

function until({ watchers }: State, condition: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    function check(): void {
      if (!condition()) return;
      watchers.delete(check);
      resolve();
    }
    watchers.add(check);
    check();
  });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
