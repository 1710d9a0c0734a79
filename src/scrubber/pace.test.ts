import { expect, test } from 'vitest';
import type { Clock } from '../runtime/clock.ts';
import { createPace } from './pace.ts';

const signal = new AbortController().signal;

/** Time that passes by sleeping and by what the test lets pass. */
function clockOf(): Clock & { passed: number; rested: number } {
  return {
    passed: 0,
    rested: 0,
    now() {
      return this.passed;
    },
    steady() {
      return this.passed;
    },
    async sleep(ms) {
      this.passed += ms;
      this.rested += ms;
    },
    after: () => () => undefined,
  };
}

test('no more than the rate is read', async () => {
  const clock = clockOf();
  const pace = createPace(clock, 1000, signal);
  for (let chunk = 0; chunk < 100; chunk += 1) await pace.spent(100);
  expect(clock.passed).toBe(10_000);
});

test('what a slow disk did not give is not made up for', async () => {
  const clock = clockOf();
  const pace = createPace(clock, 1000, signal);
  await pace.spent(1000);
  expect(clock.rested).toBe(1000);
  clock.passed += 3_600_000;
  await pace.spent(1000);
  clock.rested = 0;
  for (let chunk = 0; chunk < 10; chunk += 1) await pace.spent(1000);
  expect(clock.rested).toBeGreaterThanOrEqual(9_000);
});

test('short rests are saved up', async () => {
  const clock = clockOf();
  const pace = createPace(clock, 1000, signal);
  await pace.spent(19);
  expect(clock.rested).toBe(0);
  await pace.spent(1);
  expect(clock.rested).toBe(20);
});
