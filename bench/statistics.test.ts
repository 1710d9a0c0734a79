import { describe, expect, it } from 'vitest';
import { median, medianRatio, percentile } from './statistics.ts';

describe('order statistics', () => {
  it('takes the nearest rank', () => {
    const sample = Array.from({ length: 20 }, (_, index) => 20 - index);
    expect(percentile(sample, 0.5)).toBe(10);
    expect(percentile(sample, 0.95)).toBe(19);
    expect(percentile([7], 0.95)).toBe(7);
    expect(percentile([], 0.5)).toBeNaN();
  });

  it('takes the middle of odd and even samples', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
  });

  it('compares pair by pair, so that drift cancels out', () => {
    expect(medianRatio([10, 20, 30], [20, 40, 60])).toBe(0.5);
    expect(medianRatio([1], [])).toBeNaN();
  });
});
