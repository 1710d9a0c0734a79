import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openKept } from './kept.ts';

const TABLES = [{ title: 'times', rows: [{ what: 'a', values: { p50: '1' }, goal: '≤ 2', met: true }] }];

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'kept-'));
  file = path.join(directory, 'so-far.json');
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

test('what was measured is there for the next run of the same commit, until one ends', () => {
  const first = openKept(file, 'abc');
  expect(first.tablesOf('starts')).toBeUndefined();
  first.keep('starts', TABLES);
  expect(openKept(file, 'abc').tablesOf('starts')).toEqual(TABLES);
  expect(openKept(file, 'abc').tablesOf('io')).toBeUndefined();
  expect(openKept(file, 'def').tablesOf('starts')).toBeUndefined();
  openKept(file, 'abc').end();
  expect(openKept(file, 'abc').tablesOf('starts')).toBeUndefined();
});

test('a file that was cut off is none', () => {
  writeFileSync(file, '{"commit":"abc"');
  expect(openKept(file, 'abc').tablesOf('starts')).toBeUndefined();
});
