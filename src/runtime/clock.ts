/** Time as a parameter. Milliseconds everywhere; `now` is since the epoch, as Date.now(). */
export interface Clock {
  now(): number;
  /** Goes on evenly when somebody sets the time of day; for how long something took, and nothing else. */
  steady(): number;
  /** Rejects with the signal's reason when it fires first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls back once; the function returned cancels. The timer does not keep the process alive. */
  after(ms: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  steady: () => performance.now(),
  sleep,
  after(ms, callback) {
    const timer = setTimeout(callback, ms).unref();
    return () => clearTimeout(timer);
  },
};

/** A signal that fires when one of the given does, or when `ms` have passed, with a TimeoutError then. */
export function withDeadline(clock: Clock, ms: number, signal?: AbortSignal): DisposableSignal {
  const controller = new AbortController();
  const cancel = clock.after(ms, () => {
    controller.abort(new DOMException(`not done within ${ms} ms`, 'TimeoutError'));
  });
  const combined = signal === undefined ? controller.signal : AbortSignal.any([signal, controller.signal]);
  return { signal: combined, [Symbol.dispose]: cancel };
}

/** `using deadline = withDeadline(…)` stops the timer when the block ends. */
export interface DisposableSignal extends Disposable {
  readonly signal: AbortSignal;
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    function onAbort(): void {
      clearTimeout(timer);
      reject(signal?.reason);
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
