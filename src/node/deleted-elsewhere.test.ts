import { expect, test } from 'vitest';
import { FILE_VERSION } from '../../test/builders/file-version.ts';
import type { BrowseEntry, FileEntry } from '../syncthing/client.ts';
import { deletedElsewhere } from './deleted-elsewhere.ts';

/** By name in Syncthing's root: what the volume has of it. */
const GLOBAL: Readonly<Record<string, 'there' | 'deleted' | 'invalid'>> = {
  data: 'there',
  'data/stays': 'there',
  'data/gone': 'deleted',
  'data/d/gone': 'deleted',
  'data/d/stays': 'there',
  'data/d/nowhere': 'invalid',
  gone: 'deleted',
};

function fake() {
  const browsed: (string | undefined)[] = [];
  return {
    browsed,
    browse: async (_: string, { prefix }: { readonly prefix?: string }) => {
      browsed.push(prefix);
      const start = prefix === undefined ? '' : `${prefix}/`;
      const names = Object.entries(GLOBAL).filter(([, state]) => state === 'there');
      const within = names.flatMap(([name]) => (name.startsWith(start) ? [name.slice(start.length)] : []));
      return Promise.resolve(
        within.map((name): BrowseEntry => ({ name, type: 'file', size: 0, modTime: '', children: [] })),
      );
    },
    file: async (_: string, name: string): Promise<FileEntry | undefined> => {
      const state = GLOBAL[name];
      const global = { ...FILE_VERSION, deleted: state === 'deleted', invalid: state === 'invalid' };
      return Promise.resolve(state === undefined ? undefined : { global, availability: [] });
    },
  };
}

async function found(names: readonly string[]): Promise<readonly string[]> {
  return deletedElsewhere(fake(), { folderId: 'v', names }, AbortSignal.timeout(5_000));
}

test('what the volume deleted, and nothing that it has, never had, or has no version of that counts', async () => {
  expect(
    await found(['data', 'data/stays', 'data/gone', 'data/d/nowhere', 'data/d/gone', 'data/new']),
  ).toEqual(['data/gone', 'data/d/gone']);
  expect(await found(['gone'])).toEqual(['gone']);
  expect(await found([])).toEqual([]);
});

test('each directory is listed once', async () => {
  const syncthing = fake();
  const names = ['data/d/stays', 'data/stays', 'data/d/gone', 'data/gone'];
  await deletedElsewhere(syncthing, { folderId: 'v', names }, AbortSignal.timeout(5_000));
  expect(syncthing.browsed).toEqual(['data/d', 'data']);
});
