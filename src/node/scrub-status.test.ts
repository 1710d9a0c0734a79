import { expect, test } from 'vitest';
import { begun } from '../desired/plan-scrub.ts';
import { newScrubRecord, type FinishedScrub, type ScrubRecord, type ScrubRun } from '../desired/scrub.ts';
import { scrubStatus } from './scrub-status.ts';

const fresh = newScrubRecord(0);
const TIME = '1970-01-01T00:00:00.000Z';
const LAST: FinishedScrub = {
  startedAt: TIME,
  finishedAt: TIME,
  files: 9,
  bytes: 90,
  skipped: 2,
  repaired: 1,
  differing: 0,
  names: [],
};
const NOTHING = { files: 0, bytes: 0, skipped: 0, repaired: 0, differing: 0, names: [] };

function running(given: Partial<ScrubRun>, last?: FinishedScrub): ScrubRecord {
  const { run, ...record } = begun(fresh, 0);
  return { ...record, ...(last && { last }), ...(run && { run: { ...run, ...given } }) };
}

test('nothing is said of a copy that was not to be scrubbed yet', () => {
  expect(scrubStatus(undefined)).toBeUndefined();
  expect(scrubStatus(fresh)).toBeUndefined();
});

test('of many files that differ the first few are named', () => {
  const last = { ...LAST, differing: 700, names: ['a', 'b', 'c', 'd', 'e', 'f'] };
  expect(scrubStatus({ ...fresh, last })).toEqual({ ...last, names: ['a', 'b', 'c', 'd', 'e'] });
});

test('one that is under way is counted apart from the last one, and so is why it does not go on', () => {
  const failing = { since: TIME, message: 'no disk' };
  expect(scrubStatus({ ...begun(fresh, 0), failing })).toEqual({
    ...NOTHING,
    running: { startedAt: TIME, files: 0, bytes: 0, repairing: 0 },
    failing,
  });
});

type Found = Pick<FinishedScrub, 'differing' | 'names'>;
const NONE: Found = { differing: 0, names: [] };
const A: Found = { differing: 1, names: ['a'] };
const B: Found = { differing: 1, names: ['b'] };

test.each<[string, Found, Found, Found]>([
  ['what was found so far', A, NONE, A],
  ['what the last one found', NONE, B, B],
  ['both', A, B, { differing: 2, names: ['a', 'b'] }],
  ['each file once', A, A, A],
  ['more than is named', A, { ...B, differing: 500 }, { differing: 500, names: ['a', 'b'] }],
])('while one is under way %s counts as differing', (_, run, last, expected) => {
  expect(scrubStatus(running(run, { ...LAST, ...last }))).toMatchObject(expected);
});

test('what is to be repaired is told before it is touched, and until it is right again', () => {
  const file = {
    name: 'a',
    kind: 'differs',
    reason: '',
    blocksHash: '',
    modifiedBy: '',
    changedAt: '',
  } as const;
  expect(scrubStatus(running({ rotten: [file] }))?.running).toMatchObject({ repairing: 1 });
  expect(scrubStatus(running({ rotten: [file], repairing: [file] }))?.running).toMatchObject({
    repairing: 2,
  });
});
