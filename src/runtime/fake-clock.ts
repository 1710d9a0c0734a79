import type { Clock } from './clock.ts';

export interface FakeClock extends Clock {
  /** Lets time pass: timers that become due are called in their order, and what awaits them runs in between. */
  advance(ms: number): Promise<void>;
  /** How many timers are set. */
  pending(): number;
}

interface Timer {
  readonly due: number;
  readonly callback: () => void;
}

/** Time that passes only when it is told to. */
export function createFakeClock(startMs = 0): FakeClock {
  let now = startMs;
  const timers = new Set<Timer>();

  function after(ms: number, callback: () => void): () => void {
    const timer = { due: now + Math.max(0, ms), callback };
    timers.add(timer);
    return () => timers.delete(timer);
  }

  function nextDue(end: number): Timer | undefined {
    const [first] = [...timers].filter(({ due }) => due <= end).toSorted((a, b) => a.due - b.due);
    return first;
  }

  async function advance(ms: number): Promise<void> {
    const end = now + ms;
    await settle();
    for (let timer = nextDue(end); timer !== undefined; timer = nextDue(end)) {
      timers.delete(timer);
      now = Math.max(now, timer.due);
      timer.callback();
      await settle();
    }
    now = end;
  }

  function sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const cancel = after(ms, resolve);
      signal?.addEventListener('abort', () => {
        cancel();
        reject(signal.reason);
      });
    });
  }

  return { now: () => now, steady: () => now, after, sleep, advance, pending: () => timers.size };
}

/** Everything that waits for promises alone has run after a turn of the event loop. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
