import {
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { setAside } from './set-aside.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'set-aside-'));
});

afterEach(async () => rm(directory, { recursive: true }));

test('a changed file keeps its bytes in the archive when another one takes its place', async () => {
  const [root, archive] = [path.join(directory, 'sync'), path.join(directory, 'archive')];
  await mkdir(path.join(root, 'data', 'd'), { recursive: true });
  await writeFile(path.join(root, 'data', 'd', 'x'), 'changed by hand');
  const kept = await setAside({ root, archive, names: ['data/d', 'data/d/x', 'data/deleted'] });
  await writeFile(path.join(root, 'temporary'), 'from the lineage');
  await rename(path.join(root, 'temporary'), path.join(root, 'data', 'd', 'x'));
  expect(kept).toBe(1);
  expect(await readFile(path.join(archive, 'data', 'd', 'x'), 'utf8')).toBe('changed by hand');
});

test('nothing is made where there is nothing to keep', async () => {
  const archive = path.join(directory, 'archive');
  expect(await setAside({ root: directory, archive, names: ['gone'] })).toBe(0);
  expect(await readdir(directory)).toEqual([]);
});

test('of a link the link is kept, and nothing of what it leads to', async () => {
  const [root, archive] = [path.join(directory, 'sync'), path.join(directory, 'archive')];
  const outside = path.join(directory, 'outside');
  await mkdir(path.join(root, 'data'), { recursive: true });
  await mkdir(outside);
  await writeFile(path.join(outside, 'x'), 'precious');
  await symlink(outside, path.join(root, 'data', 'd'));
  expect(await setAside({ root, archive, names: ['data/d', 'data/d/x', '../outside/x'] })).toBe(1);
  expect(await readlink(path.join(archive, 'data', 'd'))).toBe(outside);
  expect(await readdir(outside)).toEqual(['x']);
});

test('nothing is kept through a link of the archive', async () => {
  const [root, archive] = [path.join(directory, 'sync'), path.join(directory, 'archive')];
  const outside = path.join(directory, 'outside');
  for (const made of [path.join(root, 'data', 'ä'), path.join(archive, 'data'), outside])
    await mkdir(made, { recursive: true });
  await writeFile(path.join(root, 'data', 'ä', 'x'), 'changed');
  await symlink(outside, path.join(archive, 'data', 'ä'));
  await expect(setAside({ root, archive, names: ['data/ä/x'] })).rejects.toThrow('cannot keep data/ä/x');
  expect(await readdir(outside)).toEqual([]);
});
