import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  begun,
  dueScrubs,
  failing,
  finished,
  goingOn,
  marked,
  nextScrubStep,
  rechecked,
  scannedCopy,
  scrubDueAt,
  underRepair,
  walked,
  type ScrubCandidate,
} from './plan-scrub.ts';
import {
  newScrubRecord,
  type FinishedScrub,
  type ScrubFinding,
  type ScrubRecord,
  type ScrubReport,
} from './scrub.ts';

const HOUR = 3_600_000;
const NOW = Date.parse('2026-01-02T03:04:05.000Z');

function at(ms: number): string {
  return new Date(NOW + ms).toISOString();
}

const fresh = newScrubRecord(NOW - HOUR);

function done(startedMs: number, finishedMs: number, given: Partial<FinishedScrub> = {}): ScrubRecord {
  const nothing = { files: 0, bytes: 0, repaired: 0, differing: [] };
  return { ...fresh, last: { startedAt: at(startedMs), finishedAt: at(finishedMs), ...nothing, ...given } };
}

function candidate(folderId: string, record: ScrubRecord, requestedAt?: string): ScrubCandidate {
  return { folderId, record, ...(requestedAt !== undefined && { requestedAt }) };
}

describe('a scrub is due', () => {
  test.each<[string, ScrubCandidate, number, number]>([
    ['an interval after the copy was first seen', candidate('a', fresh), 24 * HOUR, 23 * HOUR],
    ['an interval after the last one ended', candidate('a', done(-9, -5)), HOUR, HOUR - 5],
    ['never without an interval', candidate('a', fresh), 0, Number.POSITIVE_INFINITY],
    ['when it is asked for', candidate('a', fresh, at(-3)), 0, -3],
    ['when it is asked for, later too', candidate('a', done(-9, -5), at(7)), 0, 7],
    ['again, when one ended that was begun before', candidate('a', done(-9, -5), at(-8)), 0, -8],
    ['not for what an earlier one has answered', candidate('a', done(-9, -5), at(-9)), HOUR, HOUR - 5],
    ['not for what is no time', candidate('a', fresh, 'now'), 0, Number.POSITIVE_INFINITY],
    ['since it was begun', candidate('a', begun(fresh, NOW - 2)), 0, -2],
  ])('%s', (_, given, interval, due) => {
    expect(scrubDueAt(given, interval) - NOW).toBe(due);
  });

  test('first where somebody waits, then where it goes on, then where it is overdue', () => {
    const old = candidate('old', done(-50 * HOUR, -49 * HOUR));
    const older = candidate('older', done(-60 * HOUR, -59 * HOUR));
    const going = candidate('going', begun(fresh, NOW));
    const asked = candidate('asked', done(-2 * HOUR, -HOUR), at(-1));
    const later = candidate('later', done(-2 * HOUR, -HOUR));
    const due = dueScrubs([old, later, going, older, asked], 24 * HOUR, NOW);
    expect(due.map(({ folderId }) => folderId)).toEqual(['asked', 'going', 'older', 'old']);
  });
});

function finding(name: string): ScrubFinding {
  return { name, kind: 'differs', reason: 'r', modifiedBy: 'A', changedAt: at(0) };
}

function report(given: Partial<ScrubReport> = {}): ScrubReport {
  return { done: true, files: 2, bytes: 20, skipped: 0, findings: [], ...given };
}

describe('a scrub goes', () => {
  test('from its scan over all files to its end', () => {
    let record = begun(fresh, NOW);
    expect(nextScrubStep(record, false)).toEqual({ kind: 'scan' });
    record = scannedCopy(record);
    expect(nextScrubStep(record, false)).toEqual({ kind: 'walk' });
    record = walked(record, report({ done: false, cursor: 'data/b' }), []);
    expect(nextScrubStep(record, false)).toEqual({ kind: 'walk' });
    expect(record.run?.cursor).toBe('data/b');
    record = walked(record, report({ cursor: 'data/c' }), []);
    expect(nextScrubStep(record, false)).toEqual({ kind: 'finish' });
    expect(finished(record, NOW + 5)).toEqual(done(0, 5, { files: 4, bytes: 40 }));
  });

  test('without a scan of its own on the writer', () => {
    expect(nextScrubStep(begun(fresh, NOW), true)).toEqual({ kind: 'walk' });
  });

  test('by way of a repair: marked before anything else, compared again at the end', () => {
    let record = scannedCopy(begun(fresh, NOW));
    record = walked(record, report({ done: false, findings: [finding('a'), finding('b')] }), ['a']);
    expect(nextScrubStep(record, false)).toEqual({ kind: 'mark', names: ['a'] });
    expect(underRepair(record)).toEqual(['a']);
    record = marked(record);
    expect(nextScrubStep(record, false)).toEqual({ kind: 'walk' });
    expect(underRepair(record)).toEqual(['a']);
    record = walked(record, report({ findings: [finding('c')] }), ['c']);
    record = marked(record);
    expect(nextScrubStep(record, false)).toEqual({ kind: 'recheck', names: ['a', 'c'] });
    record = rechecked(record, report({ files: 2, findings: [finding('c')] }));
    expect(nextScrubStep(record, false)).toEqual({ kind: 'finish' });
    expect(underRepair(record)).toEqual([]);
    expect(finished(record, NOW).last).toMatchObject({ repaired: 1, differing: ['b', 'c'] });
  });

  test('to its end from whatever is reported, each step once', () => {
    const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'));
    fc.assert(
      fc.property(fc.array(fc.tuple(names, names)), fc.boolean(), (passes, isWriter) => {
        const left = [...passes];
        let record = begun(fresh, NOW);
        for (let steps = 0; record.run !== undefined; steps += 1) {
          expect(steps).toBeLessThan(2 * passes.length + 6);
          record = after(record, nextScrubStep(record, isWriter).kind, left);
        }
        expect(record.last).toBeDefined();
        expect(underRepair(record)).toEqual([]);
      }),
    );
  });
});

type Passes = (readonly [readonly string[], readonly string[]])[];

function after(record: ScrubRecord, kind: string, passes: Passes): ScrubRecord {
  if (kind === 'scan') return scannedCopy(record);
  if (kind === 'mark') return marked(record);
  if (kind === 'recheck') return rechecked(record, report());
  if (kind === 'finish') return finished(record, NOW);
  const [found = [], toRepair = []] = passes.shift() ?? [];
  const findings = [...new Set([...found, ...toRepair])].map(finding);
  return walked(record, report({ done: passes.length === 0, findings }), toRepair);
}

test('a failure is dated from its beginning, and over with the next step', () => {
  const once = failing(fresh, 'no Syncthing', NOW);
  expect(failing(once, 'no Syncthing', NOW + 5)).toBe(once);
  const other = failing(once, 'no disk', NOW + 5);
  expect(other.failing).toEqual({ since: at(0), message: 'no disk' });
  expect(goingOn(other)).toEqual(fresh);
  expect(goingOn(fresh)).toBe(fresh);
  expect(finished(failing(begun(fresh, NOW), 'x', NOW), NOW).failing).toBeUndefined();
});
