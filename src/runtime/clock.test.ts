import { describe, expect, test } from 'vitest';
import type { Clock } from './clock.ts';
import { systemClock, withDeadline } from './clock.ts';
import { createFakeClock } from './fake-clock.ts';

interface TestedClock {
  readonly clock: Clock;
  readonly pass: (ms: number) => Promise<void>;
}

function fake(): TestedClock {
  const clock = createFakeClock(5000);
  return { clock, pass: (ms) => clock.advance(ms) };
}

/** Real time passes by itself; the callers wait for what they look at. */
function real(): TestedClock {
  return { clock: systemClock, pass: () => Promise.resolve() };
}

describe.for([
  ['the fake clock', fake],
  ['the real clock', real],
] as const)('%s', ([, create]) => {
  test('sleeps, and time has passed', async () => {
    const { clock, pass } = create();
    const before = clock.now();
    const slept = clock.sleep(5);
    await pass(5);
    await slept;
    expect(clock.now()).toBeGreaterThan(before);
  });

  test('calls back once, unless cancelled', async () => {
    const { clock, pass } = create();
    const calls: string[] = [];
    const cancel = clock.after(1, () => calls.push('cancelled'));
    cancel();
    await Promise.all([new Promise<void>((resolve) => clock.after(3, resolve)), pass(3)]);
    expect(calls).toEqual([]);
  });

  test('a sleep ends with its signal, also one that has fired before', async () => {
    const { clock } = create();
    const stop = new AbortController();
    const slept = clock.sleep(1_000_000, stop.signal);
    stop.abort(new Error('enough'));
    await expect(slept).rejects.toThrow('enough');
    await expect(clock.sleep(1_000_000, stop.signal)).rejects.toThrow('enough');
  });
});

test('the fake clock calls timers in the order in which they are due, at their time', async () => {
  const clock = createFakeClock();
  const seen: [string, number][] = [];
  clock.after(20, () => seen.push(['b', clock.now()]));
  clock.after(10, () => {
    seen.push(['a', clock.now()]);
    clock.after(5, () => seen.push(['a2', clock.now()]));
  });
  await clock.advance(30);
  expect(seen).toEqual([
    ['a', 10],
    ['a2', 15],
    ['b', 20],
  ]);
  expect(clock.now()).toBe(30);
});

describe('withDeadline', () => {
  test('fires with a TimeoutError when the time has passed', async () => {
    const clock = createFakeClock();
    using deadline = withDeadline(clock, 100);
    await clock.advance(99);
    expect(deadline.signal.aborted).toBe(false);
    await clock.advance(1);
    expect(deadline.signal.reason).toMatchObject({ name: 'TimeoutError', message: 'not done within 100 ms' });
  });

  test('fires with the signal it was given, and leaves no timer', () => {
    const clock = createFakeClock();
    const stop = new AbortController();
    {
      using deadline = withDeadline(clock, 100, stop.signal);
      stop.abort();
      expect(deadline.signal.aborted).toBe(true);
      expect(clock.pending()).toBe(1);
    }
    expect(clock.pending()).toBe(0);
  });
});
