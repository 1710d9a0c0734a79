import type { Clock } from './clock.ts';
import {
  begun,
  ended,
  firstRound,
  helpersOf,
  nextTurn,
  requested,
  type HelperName,
  type HelperOutcome,
  type RoundReason,
  type RoundTimes,
} from './plan-rounds.ts';

export interface RoundsOptions extends RoundTimes {
  readonly clock: Clock;
  /**
   * One pass of one helper. Must end by itself, which `runHelper` sees to; what it throws counts as `failed` and goes
   * to `onError`.
   */
  readonly run: (helper: HelperName, signal: AbortSignal) => Promise<HelperOutcome>;
  readonly onError: (helper: HelperName, error: unknown) => void;
}

export interface Rounds {
  request(reason: RoundReason): void;
  /**
   * Requests a round and resolves when each of its helpers has ended a pass that began after this call, however it
   * ended: what the caller needs, it looks up in the reports. Rejects with the signal's reason, and when the rounds end.
   */
  requestAndWait(reason: RoundReason, signal: AbortSignal): Promise<void>;
  /** Runs helpers, never two at once, until the signal fires and the one under way has ended. Once. */
  run(signal: AbortSignal): Promise<void>;
}

interface Waiter {
  /** Helpers that the waiter still waits for, with the number of the pass that will do. */
  readonly passes: Map<HelperName, number>;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** The rounds of the helpers `introducer`, `resharer`, `deleter`, `nodewatcher` (handoff rule 38). */
export function createRounds(options: RoundsOptions): Rounds {
  const { clock } = options;
  const waiters = new Set<Waiter>();
  const started = new Map<HelperName, number>();
  let state = firstRound(clock.now());
  let wake: (() => void) | undefined;
  let running: AbortSignal | undefined;

  function at() {
    return { now: clock.now(), times: options };
  }

  function request(reason: RoundReason): void {
    state = requested(state, reason, at());
    wakeUp();
  }

  async function requestAndWait(reason: RoundReason, signal: AbortSignal): Promise<void> {
    for (const end of [signal, running]) end?.throwIfAborted();
    const passes = new Map(helpersOf(reason).map((helper) => [helper, (started.get(helper) ?? 0) + 1]));
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter = { passes, resolve, reject };
    function abandon(): void {
      reject(signal.reason);
    }
    waiters.add(waiter);
    signal.addEventListener('abort', abandon, { once: true });
    request(reason);
    try {
      await promise;
    } finally {
      waiters.delete(waiter);
      signal.removeEventListener('abort', abandon);
    }
  }

  async function runOne(helper: HelperName, signal: AbortSignal): Promise<void> {
    const pass = (started.get(helper) ?? 0) + 1;
    started.set(helper, pass);
    state = begun(state, helper, at());
    const outcome = await outcomeOf(options, helper, signal);
    state = ended(state, { helper, outcome }, at());
    for (const { passes, resolve } of waiters) {
      if (pass >= (passes.get(helper) ?? Infinity)) passes.delete(helper);
      if (passes.size === 0) resolve();
    }
  }

  function wakeUp(): void {
    wake?.();
  }

  /** Until something is requested, the time is over, or the end. */
  async function pause(ms: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    wake = resolve;
    const cancel = clock.after(ms, resolve);
    signal.addEventListener('abort', wakeUp, { once: true });
    await promise;
    signal.removeEventListener('abort', wakeUp);
    cancel();
  }

  async function run(signal: AbortSignal): Promise<void> {
    running = signal;
    while (!signal.aborted) {
      const next = nextTurn(state, clock.now(), options);
      await (next.kind === 'run' ? runOne(next.helper, signal) : pause(next.ms, signal));
    }
    for (const waiter of waiters) waiter.reject(signal.reason);
  }

  return { request, requestAndWait, run };
}

async function outcomeOf(
  { run, onError }: RoundsOptions,
  helper: HelperName,
  signal: AbortSignal,
): Promise<HelperOutcome> {
  try {
    return await run(helper, signal);
  } catch (error) {
    onError(helper, error);
    return 'failed';
  }
}
