import { expect, test } from 'vitest';
import { scrubDeadlineMs } from './scrubber.ts';

const DAY = 24 * 3_600_000;
const MEBIBYTE = 1024 * 1024;
const TEBIBYTE = 1024 * 1024 * MEBIBYTE;

test.each([
  ['a small copy', 0, 16 * MEBIBYTE, 60_000 + DAY],
  ['the largest that is read in a quarter of a day', 345_600 * MEBIBYTE, 16 * MEBIBYTE, 60_000 + DAY],
  ['a larger one', 2 * TEBIBYTE, 16 * MEBIBYTE, 60_000 + 4 * 131_072_000],
  ['one for which no timer is long enough', 2 * TEBIBYTE, 1, 2 ** 31 - 1],
])('a pass of %s hangs no earlier than after its largest file', (_, copyBytes, bytesPerSecond, expected) => {
  expect(scrubDeadlineMs({ budgetMs: 60_000, bytesPerSecond, copyBytes })).toBe(expected);
});
