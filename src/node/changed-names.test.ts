import { expect, test } from 'vitest';
import { changedFolder } from '../../test/builders/changed-folder.ts';
import type { SyncthingClient } from '../syncthing/client.ts';
import { SyncthingError } from '../syncthing/errors.ts';
import { changedNames } from './changed-names.ts';

const { signal } = new AbortController();

async function listed(syncthing: SyncthingClient): Promise<readonly (readonly string[])[]> {
  const pages: (readonly string[])[] = [];
  const options = { folderId: 'f', perPage: 2 };
  for await (const names of changedNames({ syncthing, node: 'n1' }, options, signal)) pages.push(names);
  return pages;
}

test.each([
  ['nothing', [], [[]]],
  ['less than a page', ['a'], [['a']]],
  ['a page', ['a', 'b'], [['a', 'b'], []]],
  ['more', ['a', 'b', 'c', 'd', 'e'], [['a', 'b'], ['c', 'd'], ['e']]],
])('%s', async (_, names, pages) => {
  expect(await listed(changedFolder(names))).toEqual(pages);
});

test('one page is one answer, and nothing else is asked', async () => {
  const folderStatus = (): Promise<never> => Promise.reject(new SyncthingError('timeout', 'asked'));
  expect(await listed(changedFolder(['a'], { folderStatus }))).toEqual([['a']]);
});

// The next page would begin with what came after it, and that one would be taken back unseen.
test.each([
  ['goes', (names: string[]) => void names.shift()],
  ['comes', (names: string[]) => void names.unshift('0')],
])('a change that %s while it is listed ends the listing', async (_, change) => {
  const names = ['a', 'b', 'c', 'd', 'e'];
  const folder = changedFolder(names);
  let answers = 0;
  const syncthing: SyncthingClient = {
    ...folder,
    async localChanged(folderId, call) {
      const answer = await folder.localChanged(folderId, call);
      answers += 1;
      if (answers === 2) change(names);
      return answer;
    },
  };
  await expect(listed(syncthing)).rejects.toMatchObject({ name: 'NodeError', kind: 'inconsistent' });
});
