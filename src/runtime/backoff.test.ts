import fc from 'fast-check';
import { expect, test } from 'vitest';
import { exponentialBackoff } from './backoff.ts';

test('doubles up to its limit', () => {
  const backoff = exponentialBackoff({ firstMs: 100, maxMs: 700 });
  expect([1, 2, 3, 4, 50, 5000].map((failures) => backoff.delayMs(failures))).toEqual([
    100, 200, 400, 700, 700, 700,
  ]);
});

test('with jitter lies between half and the whole', () => {
  fc.assert(
    fc.property(
      fc.nat(100),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (failures, random) => {
        const plain = exponentialBackoff({ firstMs: 10, maxMs: 5000 }).delayMs(failures);
        const jittered = exponentialBackoff({ firstMs: 10, maxMs: 5000, random: () => random }).delayMs(
          failures,
        );
        expect(jittered).toBeGreaterThanOrEqual(plain / 2);
        expect(jittered).toBeLessThanOrEqual(plain);
      },
    ),
  );
});
