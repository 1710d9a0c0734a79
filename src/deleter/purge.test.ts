import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Budget } from '../runtime/apply-actions.ts';
import { systemClock } from '../runtime/clock.ts';
import { purge } from './purge.ts';

const unlimited: Budget = { clock: systemClock, endsAt: Infinity };
let base: string;
let root: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'purge-'));
  root = join(base, 'trash', 'entry');
  mkdirSync(join(root, 'sync', 'data'), { recursive: true });
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

/** A budget that is over after so many looks at the clock. */
function looks(count: number): Budget {
  let left = count;
  return { clock: { ...systemClock, now: () => (left-- > 0 ? 0 : 1) }, endsAt: 1 };
}

test('removes everything, links without following them, nothing beside', async () => {
  const outside = join(base, 'outside');
  mkdirSync(outside);
  writeFileSync(join(outside, 'precious'), 'x');
  symlinkSync(outside, join(root, 'sync', 'data', 'link'));
  symlinkSync('/nowhere', join(root, 'dangling'));
  writeFileSync(join(root, 'state.json'), '{}');
  writeFileSync(join(root, 'sync', 'data', 'file'), 'x');
  mkdirSync(join(root, 'sync', 'data', 'empty'));
  writeFileSync(join(base, 'trash', 'beside'), 'x');
  const report = await purge(root, 'entry', unlimited);
  expect(report).toMatchObject({ failed: [], more: false });
  expect(readdirSync(join(base, 'trash'))).toEqual(['beside']);
  expect(readdirSync(outside)).toEqual(['precious']);
});

test('a link that takes the place of a directory while that is looked at is removed, not followed', async () => {
  const outside = join(base, 'outside');
  mkdirSync(outside);
  writeFileSync(join(outside, 'precious'), 'x');
  // The clock is looked at between reading a name and doing something with it.
  const replaceByLink = (): number => {
    if (lstatSync(join(root, 'sync'), { throwIfNoEntry: false })?.isDirectory() === true) {
      rmSync(join(root, 'sync'), { recursive: true });
      symlinkSync(outside, join(root, 'sync'));
    }
    return 0;
  };
  const budget: Budget = { clock: { ...systemClock, now: replaceByLink }, endsAt: 1 };
  expect(await purge(root, 'entry', budget)).toMatchObject({ failed: [], more: false });
  expect(readdirSync(join(base, 'trash'))).toEqual([]);
  expect(readdirSync(outside)).toEqual(['precious']);
});

test('a tree that is deeper than a path may be long', async () => {
  const name = 'd'.repeat(200);
  // Built from the inside out, since a path to the innermost would be too long.
  let tree = join(base, 'innermost');
  mkdirSync(tree);
  writeFileSync(join(tree, 'file'), 'x');
  for (let depth = 0; depth < 40; depth += 1) tree = wrapped(tree, name);
  expect(await purge(wrapped(tree, 'last'), 'entry', unlimited)).toMatchObject({ failed: [], more: false });
  expect(readdirSync(base)).toEqual(['trash']);
});

function wrapped(tree: string, name: string): string {
  const parent = mkdtempSync(join(base, 'level-'));
  renameSync(tree, join(parent, name));
  return parent;
}

test('stops when the budget is over, and the next pass goes on from there', async () => {
  for (let number = 0; number < 30; number += 1) {
    mkdirSync(join(root, 'sync', 'data', `d${number}`, 'below'), { recursive: true });
    writeFileSync(join(root, 'sync', 'data', `d${number}`, 'below', 'file'), 'x');
  }
  let passes = 0;
  for (let isOver = false; !isOver; passes += 1) {
    const report = await purge(root, 'entry', looks(12));
    expect(report.failed).toEqual([]);
    isOver = !existsSync(root);
    if (!isOver) expect(report.more).toBe(true);
    if (passes > 200) throw new Error('gets nowhere');
  }
  expect(passes).toBeGreaterThan(3);
});

test('what is not there is named, and nothing else is touched', async () => {
  const report = await purge(join(base, 'trash', 'missing'), 'missing', unlimited);
  expect(report.failed).toMatchObject([{ item: 'missing', reason: expect.stringContaining('ENOENT') }]);
  expect(lstatSync(root).isDirectory()).toBe(true);
});
