import { expect, test } from 'vitest';
import { begun } from '../desired/plan-scrub.ts';
import { newScrubRecord } from '../desired/scrub.ts';
import { scrubStatus } from './scrub-status.ts';

const fresh = newScrubRecord(0);
const TIME = '1970-01-01T00:00:00.000Z';

test('nothing is said of a copy that was not to be scrubbed yet', () => {
  expect(scrubStatus(undefined)).toBeUndefined();
  expect(scrubStatus(fresh)).toBeUndefined();
});

test('of many files that differ the first few are named', () => {
  const differing = ['a', 'b', 'c', 'd', 'e', 'f'];
  const last = { startedAt: TIME, finishedAt: TIME, files: 9, bytes: 90, repaired: 1, differing };
  expect(scrubStatus({ ...fresh, last })).toEqual({
    ...last,
    differing: 6,
    names: ['a', 'b', 'c', 'd', 'e'],
  });
});

test('one that is under way is counted apart from the last one, and so is why it does not go on', () => {
  const failing = { since: TIME, message: 'no disk' };
  expect(scrubStatus({ ...begun(fresh, 0), failing })).toEqual({
    files: 0,
    bytes: 0,
    repaired: 0,
    differing: 0,
    names: [],
    running: { startedAt: TIME, files: 0, bytes: 0 },
    failing,
  });
});
