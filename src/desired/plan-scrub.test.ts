import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  begun,
  dueScrubs,
  failing,
  finished,
  goingOn,
  isBeyondRot,
  marked,
  nextScrubStep,
  rechecked,
  recheckOf,
  scannedCopy,
  scrubDueAt,
  spreadOf,
  stopped,
  underRepair,
  walked,
  type ScrubCandidate,
  type ScrubStep,
} from './plan-scrub.ts';
import {
  newScrubRecord,
  type FinishedScrub,
  type ScrubFinding,
  type ScrubMatch,
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
  const nothing = { files: 0, bytes: 0, skipped: 0, repaired: 0, differing: 0, names: [] };
  return { ...fresh, last: { startedAt: at(startedMs), finishedAt: at(finishedMs), ...nothing, ...given } };
}

function candidate(folderId: string, record: ScrubRecord, requestedAt?: string): ScrubCandidate {
  return { folderId, record, spread: 0, ...(requestedAt !== undefined && { requestedAt }) };
}

describe('a scrub is due', () => {
  test.each<[string, ScrubCandidate, number, number]>([
    ['an interval after the copy was first seen', candidate('a', fresh), 24 * HOUR, 23 * HOUR],
    [
      'a part of an interval later where it is the first',
      { ...candidate('a', fresh), spread: 0.5 },
      24 * HOUR,
      35 * HOUR,
    ],
    ['no later after that', { ...candidate('a', done(-9, -5)), spread: 0.5 }, HOUR, HOUR - 5],
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

test('copies that came together go apart, each by the same all its life', () => {
  const spreads = ['n1', 'n2', 'n3'].flatMap((node) =>
    ['v-a', 'v-b'].map((folder) => spreadOf(node, folder)),
  );
  expect(new Set(spreads).size).toBe(6);
  expect(spreads.every((spread) => spread >= 0 && spread < 1)).toBe(true);
  expect(spreadOf('n1', 'v-a')).toBe(spreads[0]);
});

function finding(name: string): ScrubFinding {
  const rest = { reason: 'r', blocksHash: `hash of ${name}`, modifiedBy: 'A', changedAt: at(0) };
  return { name, kind: 'differs', ...rest };
}

function match(name: string, given: Partial<ScrubMatch> = {}): ScrubMatch {
  return { name, blocksHash: `hash of ${name}`, modifiedBy: 'A', ...given };
}

function report(given: Partial<ScrubReport> = {}): ScrubReport {
  return { done: true, files: 2, bytes: 20, skipped: 0, findings: [], matched: [], ...given };
}

/** A run that has given these back. */
function repairing(...names: readonly string[]): ScrubRecord {
  const record = scannedCopy(begun(fresh, NOW));
  const findings = names.map(finding);
  return marked(walked(record, report({ findings }), findings));
}

describe('a scrub goes', () => {
  test('from its scan over all files to its end', () => {
    let record = begun(fresh, NOW);
    expect(nextScrubStep(record, false)).toEqual({ kind: 'scan' });
    record = scannedCopy(record);
    expect(nextScrubStep(record, false)).toEqual({ kind: 'walk' });
    record = walked(record, report({ done: false, cursor: 'data/b', skipped: 1 }), []);
    expect(nextScrubStep(record, false)).toEqual({ kind: 'walk' });
    expect(record.run?.cursor).toBe('data/b');
    record = walked(record, report({ cursor: 'data/c', skipped: 2 }), []);
    expect(nextScrubStep(record, false)).toEqual({ kind: 'finish' });
    expect(finished(record, NOW + 5)).toEqual(done(0, 5, { files: 4, bytes: 40, skipped: 3 }));
  });

  test('without a scan of its own on the writer', () => {
    expect(nextScrubStep(begun(fresh, NOW), true)).toEqual({ kind: 'walk' });
  });

  test('by way of a repair: marked before anything else, compared again at the end', () => {
    const [a, b, c] = [finding('a'), finding('b'), finding('c')];
    let record = scannedCopy(begun(fresh, NOW));
    record = walked(record, report({ done: false, findings: [a, b] }), [a]);
    expect(nextScrubStep(record, false)).toEqual({ kind: 'mark', findings: [a] });
    expect(underRepair(record)).toEqual(['a']);
    record = marked(record);
    expect(nextScrubStep(record, false)).toEqual({ kind: 'walk' });
    expect(underRepair(record)).toEqual(['a']);
    record = walked(record, report({ findings: [c] }), [c]);
    record = marked(record);
    expect(nextScrubStep(record, false)).toEqual({ kind: 'recheck', names: ['a', 'c'] });
    record = rechecked(record, recheckOf(record, report({ findings: [c], matched: [match('a')] }), 'OWN'));
    expect(nextScrubStep(record, false)).toEqual({ kind: 'finish' });
    expect(underRepair(record)).toEqual([]);
    expect(finished(record, NOW).last).toMatchObject({ repaired: 1, differing: 2, names: ['b', 'c'] });
  });

  test('on without what is not given back after all', () => {
    const [a, b] = [finding('a'), finding('b')];
    const found = walked(scannedCopy(begun(fresh, NOW)), report({ findings: [a, b] }), [a, b]);
    const record = marked(found, ['a']);
    expect(underRepair(record)).toEqual(['b']);
    expect(record.run).toMatchObject({ differing: 1, names: ['a'] });
  });

  test('to its end from whatever is reported, each step once', () => {
    const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'));
    fc.assert(
      fc.property(fc.array(fc.tuple(names, names)), fc.boolean(), (passes, isWriter) => {
        const left = [...passes];
        let record = begun(fresh, NOW);
        for (let steps = 0; record.run !== undefined; steps += 1) {
          expect(steps).toBeLessThan(6 * passes.length + 6);
          record = after(record, nextScrubStep(record, isWriter), left);
        }
        expect(record.last).toBeDefined();
        expect(underRepair(record)).toEqual([]);
      }),
    );
  });
});

describe('what was given back', () => {
  test.each<[string, Partial<ScrubReport>, readonly string[], readonly string[]]>([
    ['is repaired where it is what was proven', { matched: [match('a')] }, ['a'], []],
    ['is not where it differs still', { findings: [finding('a')] }, [], ['a']],
    ['is not where this device gave the index other bytes', { matched: [own('a')] }, [], ['a']],
    ['is fresh where another device did', { matched: [match('a', { blocksHash: 'other' })] }, [], []],
    ['is fresh where it could not be compared', { skipped: 1 }, [], []],
  ])('%s', (_, given, repaired, differing) => {
    expect(recheckOf(repairing('a'), report(given), 'OWN')).toEqual({ repaired, differing, left: [] });
  });

  test('is looked at to the end, also where that takes several passes', () => {
    let record = repairing('a', 'b', 'c');
    const first = report({ done: false, cursor: 'a', matched: [match('a')] });
    record = rechecked(record, recheckOf(record, first, 'OWN'));
    expect(nextScrubStep(record, false)).toEqual({ kind: 'recheck', names: ['b', 'c'] });
    const rest = report({ cursor: 'c', matched: [match('b')], skipped: 1 });
    record = rechecked(record, recheckOf(record, rest, 'OWN'));
    expect(nextScrubStep(record, false)).toEqual({ kind: 'finish' });
    expect(record.run).toMatchObject({ repaired: 2, differing: 0 });
  });
});

function own(name: string): ScrubMatch {
  return match(name, { blocksHash: 'other', modifiedBy: 'OWN' });
}

function many(count: number, prefix = 'f'): readonly ScrubFinding[] {
  return Array.from({ length: count }, (_, index) => finding(`${prefix}${index}`));
}

describe('what is no rot of single files', () => {
  const ROOM = 10_000;
  const before = scannedCopy(begun(fresh, NOW));
  const busy = repairing(...many(60).map(({ name }) => name));
  test.each<[string, boolean, Parameters<typeof isBeyondRot>]>([
    ['one of many files', false, [before, report({ files: ROOM, findings: many(1) }), 1]],
    ['all of a few files', false, [before, report({ files: 9, findings: many(9) }), 9]],
    ['most of some files', true, [before, report({ files: 19, findings: many(10) }), 10]],
    ['half of some files', false, [before, report({ files: 20, findings: many(10) }), 10]],
    ['most files, where none is given back', false, [before, report({ files: 19, findings: many(19) }), 0]],
    ['as many as a pass may find', true, [before, report({ files: ROOM, findings: many(100) }), 0]],
    ['as many as may be given back', true, [busy, report({ files: ROOM }), 40]],
    ['not quite', false, [busy, report({ files: ROOM }), 39]],
  ])('%s: %s', (_, expected, given) => expect(isBeyondRot(...given)).toBe(expected));

  test('ends a scrub at once, gives nothing back, and is told until the next one', () => {
    const found = report({ done: false, cursor: 'data/x', files: 500, findings: many(100) });
    let record = stopped(scannedCopy(begun(fresh, NOW)), found);
    expect(underRepair(record)).toEqual([]);
    expect(nextScrubStep(record, false)).toEqual({ kind: 'finish' });
    record = finished(record, NOW + 1);
    expect(record.last).toMatchObject({ files: 500, differing: 100 });
    expect(record.failing).toEqual({ since: at(1), message: '100 files differ: look at the disk' });
  });

  test('still compares what an earlier pass gave back', () => {
    const record = stopped(repairing('a'), report({ findings: many(100) }));
    expect(nextScrubStep(record, false)).toEqual({ kind: 'recheck', names: ['a'] });
  });
});

test('of what differs no more than a few names are kept', () => {
  let record = scannedCopy(begun(fresh, NOW));
  for (let pass = 0; pass < 5; pass += 1)
    record = walked(record, report({ done: false, findings: many(99, `p${pass}`) }), []);
  expect(record.run?.differing).toBe(495);
  expect(record.run?.names).toHaveLength(100);
});

type Passes = (readonly [readonly string[], readonly string[]])[];

function after(record: ScrubRecord, step: ScrubStep, passes: Passes): ScrubRecord {
  if (step.kind === 'scan') return scannedCopy(record);
  if (step.kind === 'mark') return marked(record);
  if (step.kind === 'recheck') return afterRecheck(record, step.names);
  if (step.kind === 'finish') return finished(record, NOW);
  const [found = [], repair = []] = passes.shift() ?? [];
  const findings = [...new Set([...found, ...repair])].map(finding);
  const toRepair = findings.filter(({ name }) => repair.includes(name));
  return walked(record, report({ done: passes.length === 0, findings }), toRepair);
}

/** One file a pass. */
function afterRecheck(record: ScrubRecord, [cursor = '', ...left]: readonly string[]): ScrubRecord {
  const passed = report({ done: left.length === 0, cursor, matched: [match(cursor)] });
  return rechecked(record, recheckOf(record, passed, 'OWN'));
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
