import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Found } from './entry.ts';
import { findSpecial } from './find-special.ts';
import { makePlain, type PlainOptions } from './make-plain.ts';
import { giveOwnCopies } from './own-copies.ts';
import { planOwnCopies } from './plan-own-copies.ts';

let directory: string;
let options: PlainOptions;
beforeEach(() => {
  directory = mkdtempSync(path.join(os.tmpdir(), 'own-copies-'));
  for (const tree of ['kept', 'live']) mkdirSync(path.join(directory, tree, 'db'), { recursive: true });
  options = {
    root: path.join(directory, 'kept'),
    scratch: path.join(directory, 'scratch'),
    syncFilesystems: () => Promise.resolve(),
    signal: new AbortController().signal,
  };
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function at(name: string): string {
  return path.join(directory, name);
}

/** One file that is put aside under some names and lives on under another. */
function shared(...names: readonly string[]): void {
  writeFileSync(at('live/db/file'), 'before');
  for (const name of names) linkSync(at('live/db/file'), at(name));
}

function inodeOf(name: string): bigint {
  return statSync(at(name), { bigint: true }).ino;
}

test('what is put aside stays as it is when its other name is written in place', async () => {
  shared('kept/one', 'kept/db/two');
  await giveOwnCopies(options);
  writeFileSync(at('live/db/file'), 'after', { flag: 'r+' });
  expect([readFileSync(at('kept/one'), 'utf8'), readFileSync(at('kept/db/two'), 'utf8')]).toEqual([
    'before',
    'before',
  ]);
  expect(existsSync(options.scratch)).toBe(false);
});

test('and keeps owner, mode and times', async () => {
  shared('kept/one');
  const isRoot = process.getuid?.() === 0;
  if (isRoot) chownSync(at('kept/one'), 12, 34);
  chmodSync(at('kept/one'), 0o4640);
  utimesSync(at('kept/one'), 1_500_000_000.5, 1_500_000_000.5);
  const before = statSync(at('kept/one'), { bigint: true });
  await giveOwnCopies(options);
  const after = statSync(at('kept/one'), { bigint: true });
  const { uid, gid, mode, mtimeNs, size } = before;
  expect(after).toMatchObject({ uid, gid, mode, mtimeNs, size, nlink: 1n });
});

test('begun again after a crash it does what is left, and nothing to what it did', async () => {
  shared('kept/one', 'kept/two');
  const [first] = planOwnCopies(await findSpecial(options.root, options.signal, { only: 'shared-files' }));
  await makePlain(first === undefined ? [] : [first], options);
  mkdirSync(options.scratch);
  writeFileSync(path.join(options.scratch, '7'), 'half');
  const done = inodeOf('kept/one');
  await giveOwnCopies(options);
  expect(inodeOf('kept/one')).toBe(done);
  for (const name of ['kept/one', 'kept/two']) {
    expect(readFileSync(at(name), 'utf8')).toBe('before');
    expect(inodeOf(name)).not.toBe(inodeOf('live/db/file'));
  }
});

test('a file all of whose names are put aside keeps them, and a link stays a link', async () => {
  writeFileSync(at('kept/one'), 'x');
  linkSync(at('kept/one'), at('kept/db/two'));
  symlinkSync('../live/db/file', at('kept/link'));
  shared('live/other');
  await giveOwnCopies(options);
  expect(inodeOf('kept/one')).toBe(inodeOf('kept/db/two'));
  expect(statSync(at('kept/link')).nlink).toBe(2);
});

test('where not all were seen, each that was gets its own', () => {
  function found(name: string, links: number): Found {
    const file = { type: 'file', mode: 0o644, uid: 0, gid: 0, size: 1n, mtimeNs: 0n } as const;
    return { ...file, path: name, inode: '1:2', links };
  }
  const files = [found('b', 2), found('a', 2)];
  const sight = { places: [], hasMorePlaces: false, files };
  expect(planOwnCopies({ ...sight, hasMoreFiles: false })).toEqual([]);
  expect(planOwnCopies({ ...sight, hasMoreFiles: true }).map((step) => step.path)).toEqual(['a', 'b']);
});

test('one that cannot be copied is named, and is as it was', async () => {
  shared('kept/one');
  const syncFilesystems = () => Promise.reject(new Error('the disk is gone'));
  await expect(giveOwnCopies({ ...options, syncFilesystems })).rejects.toMatchObject({
    kind: 'failed',
    message: `${options.root} is not kept apart yet: the disk is gone`,
  });
  expect(inodeOf('kept/one')).toBe(inodeOf('live/db/file'));
});
