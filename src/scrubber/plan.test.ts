import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  blockSizeOf,
  comparePaths,
  isBehind,
  isForeign,
  nanosecondsOf,
  otherBlockSizes,
  restMs,
} from './plan.ts';

const KIBI = 1024;
const MEBI = 1024 * KIBI;

describe('blockSizeOf', () => {
  test.each([
    [0, 128 * KIBI],
    [2000 * 128 * KIBI - 1, 128 * KIBI],
    [2000 * 128 * KIBI, 256 * KIBI],
    [2000 * 8 * MEBI, 16 * MEBI],
    [2 ** 45, 16 * MEBI],
  ])('of %d bytes', (bytes, size) => expect(blockSizeOf(bytes)).toBe(size));

  test('others are the next ones, where there are any', () => {
    expect(otherBlockSizes(1)).toEqual([256 * KIBI]);
    expect(otherBlockSizes(2000 * 128 * KIBI)).toEqual([128 * KIBI, 512 * KIBI]);
    expect(otherBlockSizes(2 ** 45)).toEqual([8 * MEBI]);
  });
});

const paths = fc
  .array(fc.constantFrom('a', 'b', 'a!', 'a0', 'ü'), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join('/'));

describe('the order of the walk', () => {
  test.each([
    ['data/a', 'data/a/b', -1],
    ['data/a/z', 'data/a!', -1],
    ['data/b', 'data/a/z', 1],
    ['data/a', 'data/a', 0],
  ])('%s and %s', (one, other, sign) => expect(Math.sign(comparePaths(one, other))).toBe(sign));

  test('is one: any three can be put in it', () => {
    fc.assert(
      fc.property(paths, paths, paths, (a, b, c) => {
        expect(Math.sign(comparePaths(a, b)) + Math.sign(comparePaths(b, a))).toBe(0);
        const [first = '', second = '', third = ''] = [a, b, c].sort(comparePaths);
        expect(comparePaths(first, second)).toBeLessThanOrEqual(0);
        expect(comparePaths(second, third)).toBeLessThanOrEqual(0);
        expect(comparePaths(first, third)).toBeLessThanOrEqual(0);
      }),
    );
  });

  test.each([
    ['data/a', undefined, false],
    ['data/a', 'data/a', true],
    ['data/a', 'data/a/x', false],
    ['data/a', 'data/b', true],
    ['data/c', 'data/b/x', false],
    ['data/a/x', 'data/a!', true],
  ])('of %s nothing is left behind %s: %s', (entry, cursor, behind) =>
    expect(isBehind(entry, cursor)).toBe(behind),
  );
});

test.each([
  ['.syncthing.a.tmp', true],
  ['~syncthing~a.tmp', true],
  ['a\uFFFD', true],
  ['.stfolder', false],
  ['syncthing', false],
])('%s is not of the volume: %s', (name, foreign) => expect(isForeign(name)).toBe(foreign));

test.each([
  [0, 0, 0],
  [1000, 0, 1000],
  [1000, 400, 600],
  [1000, 5000, -4000],
])('after %d bytes at 1000 a second and %d ms there are %d ms to rest', (bytes, elapsed, rest) =>
  expect(restMs(bytes, elapsed, 1000)).toBe(rest),
);

test.each([
  ['1970-01-01T00:00:01Z', 1_000_000_000n],
  ['1970-01-01T01:00:00.5+01:00', 500_000_000n],
  ['2026-01-02T03:04:05.123456789Z', 1_767_323_045_123_456_789n],
  ['yesterday', undefined],
  ['2026-01-02T03:04:05.1234567890Z', undefined],
])('%s is %s ns', (text, nanoseconds) => expect(nanosecondsOf(text)).toBe(nanoseconds));
