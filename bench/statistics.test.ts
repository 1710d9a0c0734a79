import { describe, expect, it } from 'vitest';
import { median, medianRatio, percentile, ratioInterval } from './statistics.ts';

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

  it('says how sure a ratio is: the surer, the less it scatters and the more turns there are', () => {
    expect(ratioInterval([2, 4, 6], [4, 8, 12])).toEqual([0.5, 0.5]);
    const [low, high] = ratioInterval([1, 2], [2, 1]);
    expect(low * high).toBeCloseTo(1);
    expect(high).toBeCloseTo(Math.exp(1.96 * Math.log(2)));
    const often = (value: number) => Array.from({ length: 50 }, () => [value, 3 - value]).flat();
    const [lower, upper] = ratioInterval(often(1), often(2));
    expect(upper - lower).toBeLessThan((high - low) / 5);
    expect(ratioInterval([1], [1])[0]).toBeNaN();
  });
});
