import { describe, expect, it } from 'vitest';
import type { Acknowledged } from './history.ts';
import { mergeSessions } from './merge-sessions.ts';
import { sampleFile, samplePiece, type SampleOp, sampleSession } from './sample-session.ts';
import { TORN, type Value } from './value.ts';
import { compareCopies, sizeOf, verify } from './verify.ts';
import type { WrongKind } from './violation.ts';

const ALL: Acknowledged = { kind: 'everything' };
const THROUGH: Acknowledged = { kind: 'through', at: 100 };
const CUT: Acknowledged = { kind: 'synced', before: 100 };

const a = sampleFile('a');
const b = sampleFile('b');
const c = sampleFile('c');

function spare(mtimeNs: string): Value {
  return { kind: 'directory', mode: 0o755, uid: 0, gid: 0, carried: { special: 0, mtimeNs } };
}

interface Case {
  readonly name: string;
  readonly tree?: Readonly<Record<string, Value>>;
  readonly ops?: readonly SampleOp[];
  readonly acknowledged: Acknowledged;
  readonly isWhole?: boolean;
  readonly found: Readonly<Record<string, Value>>;
  readonly wrong: readonly (readonly [string, WrongKind])[];
}

const cases: readonly Case[] = [
  { name: 'untouched and there', tree: { p: a }, acknowledged: THROUGH, found: { p: a }, wrong: [] },
  { name: 'untouched and gone', tree: { p: a }, acknowledged: THROUGH, found: {}, wrong: [['p', 'lost']] },
  {
    name: 'untouched, with other owner',
    tree: { p: a },
    acknowledged: ALL,
    found: { p: { ...a, uid: 7 } },
    wrong: [['p', 'changed']],
  },
  {
    name: 'untouched, with other mode',
    tree: { p: a },
    acknowledged: ALL,
    found: { p: { ...a, mode: 0o600 } },
    wrong: [['p', 'changed']],
  },
  {
    name: 'untouched, with another time',
    tree: { p: a },
    acknowledged: ALL,
    found: { p: { ...a, mtimeNs: '1' } },
    wrong: [['p', 'changed']],
  },
  {
    name: 'untouched, with another attribute',
    tree: { p: { ...a, xattr: 'one' } },
    acknowledged: THROUGH,
    found: { p: a },
    wrong: [['p', 'changed']],
  },
  ...[{ special: 0o4000 }, { special: 0, linkedWith: 'o' }].flatMap((carried): readonly Case[] => [
    {
      name: `untouched, without what the driver carries: ${JSON.stringify(carried)}`,
      tree: { p: { ...a, carried } },
      acknowledged: ALL,
      isWhole: true,
      found: { p: a },
      wrong: [['p', 'changed']],
    },
    {
      name: `the same after a failover: ${JSON.stringify(carried)}`,
      tree: { p: { ...a, carried } },
      acknowledged: THROUGH,
      found: { p: a },
      wrong: [],
    },
    {
      name: `the same while its change was under way: ${JSON.stringify(carried)}`,
      tree: { p: { ...a, carried } },
      ops: [{ path: 'p', inPlace: true }],
      acknowledged: ALL,
      isWhole: true,
      found: { p: a },
      wrong: [],
    },
  ]),
  {
    name: 'the time of a directory, put back within a microsecond',
    tree: { e: spare('1000000000') },
    acknowledged: ALL,
    isWhole: true,
    found: { e: spare('1000000999') },
    wrong: [],
  },
  {
    name: 'the time of a directory, another one',
    tree: { e: spare('1000000000') },
    acknowledged: ALL,
    isWhole: true,
    found: { e: spare('1000001000') },
    wrong: [['e', 'changed']],
  },
  { name: 'a file nobody made', acknowledged: ALL, found: { q: c }, wrong: [['q', 'foreign']] },
  {
    name: 'a conflict copy',
    tree: { p: a },
    acknowledged: ALL,
    found: { p: a, 'p.sync-conflict-20260101-000000-AAAAAAA': samplePiece('x', 10) },
    wrong: [['p.sync-conflict-20260101-000000-AAAAAAA', 'foreign']],
  },
  {
    name: 'scratch files of writer and Syncthing',
    acknowledged: ALL,
    found: { 'd/f.part': c, 'd/.syncthing.f.tmp': c },
    wrong: [],
  },
  {
    name: 'done, not synced, handed over, and the older one there',
    tree: { p: a },
    ops: [{ path: 'p', value: b, done: 50 }],
    acknowledged: ALL,
    found: { p: a },
    wrong: [['p', 'lost']],
  },
  {
    name: 'done, not synced, and lost with its node',
    tree: { p: a },
    ops: [{ path: 'p', value: b, done: 50 }],
    acknowledged: THROUGH,
    found: { p: a },
    wrong: [],
  },
  {
    name: 'synced before the proof, and lost with its node',
    tree: { p: a },
    ops: [{ path: 'p', value: b, done: 50, synced: 60 }],
    acknowledged: THROUGH,
    found: { p: a },
    wrong: [['p', 'lost']],
  },
  {
    name: 'synced after the proof, and lost with its node',
    tree: { p: a },
    ops: [{ path: 'p', value: b, done: 50, synced: 160 }],
    acknowledged: THROUGH,
    found: { p: a },
    wrong: [],
  },
  {
    name: 'synced after the proof, and there all the same',
    tree: { p: a },
    ops: [{ path: 'p', value: b, done: 50, synced: 160 }],
    acknowledged: THROUGH,
    found: { p: b },
    wrong: [],
  },
  {
    name: 'synced before a power cut, and gone',
    ops: [{ path: 'p', value: b, done: 50, synced: 60 }],
    acknowledged: CUT,
    found: {},
    wrong: [['p', 'lost']],
  },
  {
    name: 'not synced before a power cut, and empty',
    ops: [{ path: 'p', value: b, done: 50 }],
    acknowledged: CUT,
    found: { p: samplePiece('b', 0) },
    wrong: [],
  },
  {
    name: 'a deletion that was proven, and reappears',
    tree: { p: a },
    ops: [{ path: 'p', done: 50, synced: 60 }],
    acknowledged: THROUGH,
    found: { p: a },
    wrong: [['p', 'lost']],
  },
  {
    name: 'a deletion that was not proven, and reappears',
    tree: { p: a },
    ops: [{ path: 'p', done: 150, synced: 160 }],
    acknowledged: THROUGH,
    found: { p: a },
    wrong: [],
  },
  {
    name: 'cut off in the middle of writing',
    tree: { p: a },
    ops: [{ path: 'p', value: b, inPlace: true }],
    acknowledged: ALL,
    found: { p: samplePiece('b', 128) },
    wrong: [],
  },
  {
    name: 'half of it after its end was handed over',
    tree: { p: a },
    ops: [{ path: 'p', value: b, done: 50, inPlace: true }],
    acknowledged: ALL,
    found: { p: samplePiece('b', 128) },
    wrong: [['p', 'changed']],
  },
  {
    name: 'half of what is only ever seen whole',
    tree: { p: a },
    ops: [{ path: 'p', value: b, done: 150 }],
    acknowledged: THROUGH,
    found: { p: samplePiece('b', 128) },
    wrong: [['p', 'changed']],
  },
  {
    name: 'bytes of nobody in the middle of writing',
    tree: { p: a },
    ops: [{ path: 'p', value: b, inPlace: true }],
    acknowledged: ALL,
    found: { p: samplePiece('stranger', 128) },
    wrong: [['p', 'changed']],
  },
  {
    name: 'the version before the last one that was proven',
    tree: { p: a },
    ops: [
      { path: 'p', value: b, done: 10, synced: 20 },
      { path: 'p', value: c, done: 30, synced: 40 },
    ],
    acknowledged: THROUGH,
    found: { p: b },
    wrong: [['p', 'lost']],
  },
  {
    name: 'a block between two writes',
    tree: { 'big#0': { kind: 'block', content: 'w.1' } },
    ops: [{ path: 'big#0', value: { kind: 'block', content: 'w.2' }, done: 10, inPlace: true }],
    acknowledged: ALL,
    found: { 'big#0': { kind: 'block', content: TORN } },
    wrong: [['big#0', 'changed']],
  },
  {
    name: 'a block in the middle of its write',
    tree: { 'big#0': { kind: 'block', content: 'w.1' } },
    ops: [{ path: 'big#0', value: { kind: 'block', content: 'w.2' }, inPlace: true }],
    acknowledged: ALL,
    found: { 'big#0': { kind: 'block', content: TORN } },
    wrong: [],
  },
  {
    name: 'a link to elsewhere',
    tree: { l: { kind: 'link', target: 'x' } },
    acknowledged: ALL,
    found: { l: { kind: 'link', target: 'y' } },
    wrong: [['l', 'changed']],
  },
  {
    name: 'a directory with another mode',
    tree: { d: { kind: 'directory', mode: 0o755, uid: 0, gid: 0 } },
    acknowledged: ALL,
    found: { d: { kind: 'directory', mode: 0o700, uid: 0, gid: 0 } },
    wrong: [['d', 'changed']],
  },
];

describe('a tree beside what has to be there', () => {
  it.each(cases)('$name', ({ tree = {}, ops = [], acknowledged, isWhole, found, wrong }) => {
    const before = sampleSession(tree, ops);
    const result = verify({
      before,
      acknowledged,
      isWhole,
      found: new Map(Object.entries(found)),
      sessions: [before],
    });
    expect(result.map(({ path, kind }) => [path, kind])).toEqual(wrong);
  });

  it('tells what a writer of another lineage put there, and names it', () => {
    const lost = sampleSession({}, [{ path: 'p', value: c, done: 200, synced: 210 }], { name: 'lost.0' });
    const before = sampleSession({ p: a }, []);
    const [wrong] = verify({
      before,
      acknowledged: ALL,
      found: new Map([['p', c]]),
      sessions: [lost, before],
    });
    expect(wrong).toMatchObject({ kind: 'mixed', path: 'p' });
    expect(wrong?.found).toContain('written by lost.0');
  });
});

describe('sessions of one epoch', () => {
  it('owe only what their epoch proved, also what the later one found', () => {
    const first = sampleSession({ p: a }, [{ path: 'p', value: b, done: 150 }]);
    const second = sampleSession({ p: b, q: samplePiece('c', 5) }, [], { startedAt: 160 });
    const merged = mergeSessions(first, [second]);
    const check = (found: Readonly<Record<string, Value>>) =>
      verify({ before: merged, acknowledged: THROUGH, found: new Map(Object.entries(found)), sessions: [] });
    expect(check({ p: a })).toEqual([]);
    expect(check({ p: b, q: samplePiece('c', 5) })).toEqual([]);
    expect(check({})).toMatchObject([{ path: 'p', kind: 'lost' }]);
  });
});

describe('copies of one volume', () => {
  it('are compared path by path', () => {
    const left = new Map<string, Value>([
      ['p', a],
      ['q', b],
    ]);
    expect(compareCopies(left, new Map(left))).toEqual([]);
    const wrong = compareCopies(
      left,
      new Map<string, Value>([
        ['p', b],
        ['r', c],
      ]),
    );
    expect(wrong.map(({ path, kind }) => [path, kind])).toEqual([
      ['p', 'changed'],
      ['q', 'lost'],
      ['r', 'foreign'],
    ]);
    expect(sizeOf(left)).toEqual({ files: 2, bytes: 2_000 });
  });
});
