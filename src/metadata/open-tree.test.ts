import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bytePath } from './byte-path.ts';
import { listIn, openFileIn, statIn } from './look-in-tree.ts';
import { OpenTree } from './open-tree.ts';
import { readablePath } from './readable-path.ts';

let directory: string;
let tree: OpenTree;
beforeEach(() => {
  directory = mkdtempSync(path.join(os.tmpdir(), 'open-tree-'));
  mkdirSync(at('a/b'), { recursive: true });
  mkdirSync(path.join(directory, 'outside'));
  writeFileSync(path.join(directory, 'outside', 'file'), 'x');
  symlinkSync('../../outside', at('a/link'));
  tree = new OpenTree(path.join(directory, 'root'));
});
afterEach(() => {
  tree[Symbol.dispose]();
  rmSync(directory, { recursive: true, force: true });
});

function at(name: string): string {
  return path.join(directory, 'root', name);
}

test.each(['a/link/file', 'a/../a/b', '../outside/file', 'a//b', '/a', 'missing/x'])(
  '%s leads nowhere',
  async (name) => {
    expect([tree.reach(name), tree.inside(name), tree.see(name)]).toEqual([undefined, undefined, undefined]);
    expect([await statIn(tree, name), await listIn(tree, name), await openFileIn(tree, name)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  },
);

test('a link is seen, and nothing in it', async () => {
  expect((await statIn(tree, 'a/link'))?.isSymbolicLink()).toBe(true);
  expect(await listIn(tree, 'a/link')).toBeUndefined();
  expect(await openFileIn(tree, 'a/link')).toBeUndefined();
});

test('what has been in a directory is not in the link that took its place', async () => {
  writeFileSync(at('a/b/file'), 'x');
  expect((await listIn(tree, 'a/b'))?.length).toBe(1);
  renameSync(at('a/b'), at('a/c'));
  symlinkSync('../../outside', at('a/b'));
  expect(await listIn(tree, '')).toEqual([{ name: 'a', isDirectory: true }]);
  expect(await statIn(tree, 'a/b/file')).toBeUndefined();
});

test('directories are made, one in the other, and none in a link or a file', () => {
  writeFileSync(at('a/file'), 'x');
  symlinkSync('nowhere', at('a/dangling'));
  expect(tree.make('a/b/c/d')).toBe(true);
  expect(tree.make('')).toBe(true);
  for (const parent of ['a/link', 'a/file', 'a/dangling', '..'])
    expect([tree.make(parent), tree.make(`${parent}/x`)]).toEqual([false, false]);
  expect(tree.make('new/..')).toBe(false);
  expect(readdirSync(at(''))).toEqual(['a']);
  expect(readdirSync(at('a/b/c'))).toEqual(['d']);
  expect(readdirSync(directory).toSorted()).toEqual(['outside', 'root']);
  expect(readdirSync(path.join(directory, 'outside'))).toEqual(['file']);
});

test('names are bytes', async () => {
  const name = Buffer.from([0xe4, 0x0a, 0xff]).toString('latin1');
  expect(tree.make(`a/b/${name}`)).toBe(true);
  expect(tree.make(bytePath('a/b/ä'))).toBe(true);
  const listed = (await listIn(tree, 'a/b')) ?? [];
  expect(listed.map((entry) => entry.name).toSorted()).toEqual([bytePath('ä'), name].toSorted());
  expect(readablePath(bytePath('ä'))).toBe('ä');
});

test('a file alone is opened, and nobody waits for the other end of a FIFO', { timeout: 5_000 }, async () => {
  execFileSync('mkfifo', [at('a/fifo')]);
  writeFileSync(at('a/file'), 'x');
  expect(await openFileIn(tree, 'a/fifo')).toBeUndefined();
  expect(await openFileIn(tree, 'a')).toBeUndefined();
  await using handle = await openFileIn(tree, 'a/file');
  expect(await handle?.readFile('utf8')).toBe('x');
});
