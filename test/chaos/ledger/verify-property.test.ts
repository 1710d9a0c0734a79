import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Acknowledged } from './history.ts';
import { sampleFile, type SampleOp, sampleSession } from './sample-session.ts';
import { ABSENT, isSame, type Tree, type Value } from './value.ts';
import { verify } from './verify.ts';

/** A writer's day: each change is done at its own second, some are synced at once; what it began with is `start`. */
interface Day {
  readonly start: Readonly<Record<string, Value>>;
  readonly ops: readonly (SampleOp & { readonly done: number })[];
}

const PATHS = ['a', 'b', 'c', 'd'];

const day: fc.Arbitrary<Day> = fc
  .array(
    fc.record({
      path: fc.constantFrom(...PATHS),
      isRemoval: fc.boolean(),
      isSynced: fc.boolean(),
    }),
    { maxLength: 30 },
  )
  .map((choices) => ({
    start: { a: sampleFile('start-a'), b: sampleFile('start-b') },
    ops: choices.map(({ path, isRemoval, isSynced }, index) => ({
      path,
      value: isRemoval ? ABSENT : sampleFile(`op-${index}`),
      done: index * 10,
      ...(isSynced ? { synced: index * 10 + 5 } : {}),
    })),
  }));

/** The disk after the first `count` changes. */
function diskAfter({ start, ops }: Day, count: number): Tree {
  const disk = new Map<string, Value>(Object.entries(start));
  for (const { path, value } of ops.slice(0, count))
    if (value === undefined || value.kind === 'absent') disk.delete(path);
    else disk.set(path, value);
  return disk;
}

function check({ start, ops }: Day, acknowledged: Acknowledged, found: Tree) {
  const before = sampleSession(start, ops);
  return verify({ before, acknowledged, found, sessions: [before] });
}

describe('any day of a writer', () => {
  it('handed over as it ended is all right, and as it was before its last change is not', () => {
    fc.assert(
      fc.property(day, (theDay) => {
        const count = theDay.ops.length;
        const acknowledged = { kind: 'everything' } as const;
        const end = diskAfter(theDay, count);
        expect(check(theDay, acknowledged, end)).toEqual([]);
        const last = theDay.ops.at(-1);
        const earlier = diskAfter(theDay, count - 1);
        const was = earlier.get(last?.path ?? '') ?? ABSENT;
        const is = end.get(last?.path ?? '') ?? ABSENT;
        const wrong = check(theDay, acknowledged, earlier);
        expect(wrong.length).toBe(isSame(was, is) ? 0 : 1);
      }),
    );
  });

  it('lost after a proof is all right as it was at any later moment, whatever came after the proof', () => {
    fc.assert(
      fc.property(day, fc.nat(30), fc.nat(30), (theDay, proven, more) => {
        const at = proven * 10;
        const found = diskAfter(theDay, Math.min(theDay.ops.length, proven + more));
        expect(check(theDay, { kind: 'through', at }, found)).toEqual([]);
      }),
    );
  });

  it('lost with a proof is not all right as it was before something that was synced, unless it was undone', () => {
    fc.assert(
      fc.property(day, (theDay) => {
        const synced = theDay.ops.findLastIndex((op) => op.synced !== undefined);
        fc.pre(synced >= 0);
        const path = theDay.ops[synced]?.path ?? '';
        const acknowledged = { kind: 'through', at: 1_000 } as const;
        const before = diskAfter(theDay, synced).get(path) ?? ABSENT;
        const later = theDay.ops.slice(synced).filter((op) => op.path === path);
        const isAllowed = later.some(({ value }) => isSame(value ?? ABSENT, before));
        const found = new Map(diskAfter(theDay, theDay.ops.length));
        if (before.kind === 'absent') found.delete(path);
        else found.set(path, before);
        expect(check(theDay, acknowledged, found).length).toBe(isAllowed ? 0 : 1);
      }),
    );
  });
});
