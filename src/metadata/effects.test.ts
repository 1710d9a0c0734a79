import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import os from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { applyEntries } from './apply.ts';
import type { Entry } from './entry.ts';
import { findSpecial, parseLine } from './find-special.ts';
import { makePlain, portionsOf } from './make-plain.ts';
import { planPlain, type PlainPlan, type PlainStep } from './plan-plain.ts';

let directory: string;
let root: string;
const { signal } = new AbortController();

beforeEach(() => {
  directory = mkdtempSync(path.join(os.tmpdir(), 'metadata-'));
  root = path.join(directory, 'data');
  mkdirSync(root);
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function at(name: string): string {
  return path.join(root, name);
}

async function look(): Promise<PlainPlan> {
  return planPlain(await findSpecial(root, signal));
}

function strip(steps: readonly PlainStep[]): Promise<void> {
  const scratch = path.join(directory, 'scratch');
  return makePlain(steps, { root, scratch, syncFilesystems: () => Promise.resolve(), signal });
}

function apply(entries: readonly Entry[]) {
  return applyEntries(entries, { root, scratch: path.join(directory, 'name'), signal });
}

/** Latin-1 umlaut, a line break, an escape: what find prints and node:fs takes has to be the same bytes. */
const ODD = Buffer.from([...Buffer.from(`${'x'}\n`), 0xe4, 0x1b, 0x20]);

async function oddTree(): Promise<void> {
  mkdirSync(at('a/b'), { recursive: true });
  mkdirSync(Buffer.concat([Buffer.from(`${root}/a/`), ODD]));
  writeFileSync(at('a/one'), 'shared');
  linkSync(at('a/one'), at('a/b/two'));
  linkSync(at('a/one'), Buffer.concat([Buffer.from(`${root}/a/`), ODD, Buffer.from('/three')]));
  writeFileSync(at('set'), 'x');
  chmodSync(at('set'), 0o6755);
  writeFileSync(at('ordinary'), 'x');
  symlinkSync('a/one', at('link'));
  lutimesSync(at('link'), 1_000_000_000.123456, 1_000_000_000.123456);
  await execa('mkfifo', ['--mode=0620', at('a/fifo')]);
  chmodSync(at('a/b'), 0o3775);
  for (const [name, seconds] of [
    ['a/b', 1_700_000_000.654321],
    ['a', -1.5],
  ] as const)
    lutimesSync(at(name), seconds, seconds);
}

describe('a tree on a real disk', () => {
  test('is made plain, and gets everything back', async () => {
    await oddTree();
    const { entries, steps, uncarried } = await look();
    expect(uncarried).toEqual([]);
    expect(entries.map(({ path: name }) => name)).toContain(`a/${ODD.toString('latin1')}/three`);
    for (const portion of portionsOf(steps)) await strip(portion);
    expect((await look()).steps).toEqual([]);
    expect(existsSync(at('a/fifo'))).toBe(false);
    expect(statSync(at('a/one')).nlink).toBe(1);
    expect(readFileSync(at('a/b/two'), 'utf8')).toBe('shared');
    expect(statSync(at('a/b/two'), { bigint: true }).mtimeNs).toBe(
      statSync(at('a/one'), { bigint: true }).mtimeNs,
    );
    expect(statSync(at('set')).mode & 0o7777).toBe(0o755);
    const { steps: changes, skipped } = await apply(entries);
    expect([changes > 0, skipped]).toEqual([true, []]);
    expect((await look()).entries).toEqual(entries);
    expect(await apply(entries)).toEqual({ steps: 0, skipped: [] });
  });

  test('has a socket removed, since the directory that has it could not be deleted from afar', async () => {
    const server = createServer().listen(at('socket'));
    await once(server, 'listening');
    renameSync(at('socket'), at('left-behind'));
    server.close();
    await strip((await look()).steps);
    expect(existsSync(at('left-behind'))).toBe(false);
  });

  test('keeps its attributes where names of one file become files', async () => {
    writeFileSync(at('one'), 'x');
    linkSync(at('one'), at('two'));
    chmodSync(at('one'), 0o640);
    lutimesSync(at('one'), 1_500_000_000.5, 1_500_000_000.5);
    const before = lstatSync(at('two'), { bigint: true });
    await strip((await look()).steps);
    const after = lstatSync(at('two'), { bigint: true });
    expect({
      ...after,
      nlink: 0n,
      ino: 0n,
      ctimeNs: 0n,
      ctimeMs: 0n,
      birthtimeNs: 0n,
      birthtimeMs: 0n,
      atimeNs: 0n,
      atimeMs: 0n,
    }).toEqual({
      ...before,
      nlink: 0n,
      ino: 0n,
      ctimeNs: 0n,
      ctimeMs: 0n,
      birthtimeNs: 0n,
      birthtimeMs: 0n,
      atimeNs: 0n,
      atimeMs: 0n,
    });
    expect([before.nlink, after.nlink]).toEqual([2n, 1n]);
  });

  test('may have an archive of links beside it: the names there are none of its own', async () => {
    writeFileSync(at('one'), 'x');
    linkSync(at('one'), path.join(directory, 'archived-one'));
    writeFileSync(at('two'), 'x');
    linkSync(at('two'), at('three'));
    linkSync(at('two'), path.join(directory, 'archived-two'));
    linkSync(at('two'), path.join(directory, 'archived-three'));
    const { steps } = planPlain(await findSpecial(root, signal, { namesElsewhere: 1 }));
    expect(steps.map(({ path: name }) => name)).toEqual(['two']);
  });

  test('is left alone where something else came to have the name', async () => {
    writeFileSync(at('set'), 'x');
    chmodSync(at('set'), 0o4755);
    const { steps } = await look();
    renameSync(at('set'), at('moved'));
    writeFileSync(at('set'), 'other');
    chmodSync(at('set'), 0o4700);
    await strip(steps);
    expect(statSync(at('set')).mode & 0o7777).toBe(0o4700);
  });
});

test('a tree of any size is looked at in so much memory', async () => {
  await oddTree();
  const sight = await findSpecial(root, signal, { maxKept: 3 });
  expect(sight).toMatchObject({ hasMorePlaces: true, hasMoreFiles: true });
  expect([sight.places.length, sight.files.length]).toEqual([3, 3]);
  expect(planPlain(sight)).toMatchObject({ entries: [], isPartial: true });
});

/** Names that are as long as names can be, in a directory as deep as a path can reach. */
function inTheDeep(): (index: number) => string {
  const deep = at(Array.from({ length: 14 }, () => 'd'.repeat(255)).join('/'));
  mkdirSync(deep, { recursive: true });
  return (index) => path.join(deep, String(index).padStart(255, 'x'));
}

test('so many bytes of paths are kept, of files and of links each', async () => {
  const name = inTheDeep();
  writeFileSync(name(0), 'x');
  for (let index = 1; index < 5; index += 1) {
    linkSync(name(0), name(index));
    symlinkSync('x', name(10 + index));
  }
  const all = await findSpecial(root, signal);
  expect([all.hasMorePlaces, all.hasMoreFiles, all.files.length]).toEqual([false, false, 5]);
  const files = await findSpecial(root, signal, { maxKeptBytes: 4 * 3_839 });
  expect([files.hasMorePlaces, files.hasMoreFiles, files.files.length]).toEqual([true, true, 4]);
});

test('the longest paths that a pod can make are not more than a node has memory for', async () => {
  const name = inTheDeep();
  writeFileSync(name(0), 'x');
  for (let index = 1; index < 4_500; index += 1) linkSync(name(0), name(index));
  const { files, hasMoreFiles } = await findSpecial(root, signal);
  expect(hasMoreFiles).toBe(true);
  const bytes = files.reduce((sum, found) => sum + found.path.length, 0);
  expect(bytes).toBeGreaterThan(15 * 1024 * 1024);
  expect(bytes).toBeLessThanOrEqual(16 * 1024 * 1024);
});

describe('a tree that somebody hostile made', () => {
  test.each(['a', 'a/b'])('leads nowhere: %s is a link out of it', async (replaced) => {
    await oddTree();
    const { entries, steps } = await look();
    const outside = path.join(directory, 'outside');
    renameSync(at(replaced), outside);
    symlinkSync(outside, at(replaced));
    const before = planPlain(await findSpecial(outside, signal));
    await strip(steps);
    expect((await apply(entries)).skipped).toContain('a/b/two');
    expect(planPlain(await findSpecial(outside, signal))).toEqual(before);
  });

  test('does not have modes or names of what its links point to changed', async () => {
    const outside = path.join(directory, 'outside');
    writeFileSync(outside, 'x', { mode: 0o644 });
    symlinkSync(outside, at('set'));
    const { size, mtimeNs, uid, gid } = statSync(outside, { bigint: true });
    const file = { kind: 'file', size, mtimeNs, uid: Number(uid), gid: Number(gid), mode: 0o4644 } as const;
    const entries: readonly Entry[] = [{ ...file, path: 'set', group: 0 }];
    expect(await apply(entries)).toEqual({ steps: 0, skipped: ['set'] });
    expect(statSync(outside).mode & 0o7777).toBe(0o644);
  });
});

test('portions end where one would take long', () => {
  const step = (size: bigint): PlainStep => ({ kind: 'separate', path: 'x', inode: '1:1', size });
  const [small, large] = [step(1n), step(200n * 1024n * 1024n)];
  expect(portionsOf([large, large, small, small]).map(({ length }) => length)).toEqual([1, 3]);
  expect(portionsOf(Array.from({ length: 300 }, () => small)).map(({ length }) => length)).toEqual([256, 44]);
  expect(portionsOf([])).toEqual([]);
});

test.each([
  ['-1.7500000000', -250_000_000n],
  ['0.2500000000', 250_000_000n],
  ['1700000000.1234567890', 1_700_000_000_123_456_789n],
])('find says %s', (printed, mtimeNs) => {
  expect(parseLine(`l 777 1 0 0 3 ${printed} 1:2 a b`)).toMatchObject({ mtimeNs, path: 'a b' });
});

test.each([
  'l 777 1 0 0 3 1.0 1:2 a',
  'z 777 1 0 0 3 1.0000000000 1:2 a',
  'l 777 1 0 0 3 1.0000000000 1:2 ../a',
])('find does not say %s', (line) => expect(() => parseLine(line)).toThrow(/find printed/));
