import { expect, test } from 'vitest';
import { listTree } from './list-tree.ts';

const { signal } = new AbortController();

function entry(name: string, isDirectory: boolean) {
  return { name, isDirectory: () => isDirectory };
}

test('a directory comes after what is in it', async () => {
  const tree: Readonly<Record<string, ReturnType<typeof entry>[]>> = {
    '/v': [entry('a', false), entry('d', true)],
    '/v/d': [entry('e', true), entry('b', false)],
    '/v/d/e': [entry('c', false)],
  };
  const found = await listTree('/v', signal, async (directory) => tree[directory] ?? []);
  expect(found).toEqual({ files: ['a', 'd/e/c', 'd/b'], directories: ['d/e', 'd'] });
});

// V8 gives up at some 125,000 arguments of one call.
test('as many files and directories as a volume may have', async () => {
  const many = Array.from({ length: 200_000 }, (_, index) => index);
  const files = many.map((index) => entry(`f${index}`, false));
  const directories = many.map((index) => entry(`d${index}`, true));
  const found = await listTree('/v', signal, async (directory) => {
    if (directory === '/v') return [entry('top', true)];
    return directory === '/v/top' ? [...files, ...directories] : [];
  });
  expect(found.files).toHaveLength(200_000);
  expect(found.directories).toHaveLength(200_001);
  expect(found.directories.at(-1)).toBe('top');
});

test('nothing where there is no such directory', async () => {
  expect(await listTree('/nowhere/at/all', signal)).toEqual({ files: [], directories: [] });
});
