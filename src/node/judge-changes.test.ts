import { beforeEach, expect, test } from 'vitest';
import { FILE_VERSION } from '../../test/builders/file-version.ts';
import { changedFolder } from '../../test/builders/changed-folder.ts';
import type { FileVersion } from '../syncthing/client.ts';
import { judgeChanges, unrepaired } from './judge-changes.ts';

const { signal } = new AbortController();
const MANY = 200_000;
const NAMES = Array.from({ length: MANY }, (_, index) => `data/${index}`);

let asked = 0;
/** How many entries each page was to have. */
let pages: number[] = [];
beforeEach(() => {
  [asked, pages] = [0, []];
});

const FILE: FileVersion = { ...FILE_VERSION, localFlags: 8 };
const DIRECTORY: FileVersion = { ...FILE, isDirectory: true };

/** All is changed, and of this kind. */
function partsOf(version: FileVersion) {
  const folder = changedFolder(NAMES);
  const syncthing: typeof folder = {
    ...folder,
    async localChanged(folderId, call) {
      pages.push(call.perPage ?? 100);
      return folder.localChanged(folderId, call);
    },
    async file() {
      asked += 1;
      return { local: version, global: version, availability: ['OTHER'] };
    },
  };
  const scrubs = { read: async () => undefined, write: async () => undefined };
  return { syncthing, scrubs, node: 'n1' };
}

const OPTIONS = { folderId: 'f', mayRepair: true, isTruth: false, seesAll: true, isShared: false };

test('a volume whose directories all count as changed is judged page by page', async () => {
  const found = await judgeChanges(partsOf(DIRECTORY), OPTIONS, signal);
  expect(found).toMatchObject({ revert: { count: MANY, first: 'data/0' }, keep: { count: 0 } });
  expect(asked).toBe(MANY);
  expect(new Set(pages)).toEqual(new Set([10_000]));
});

test('one whose files all changed is known by the first of them', async () => {
  const found = await judgeChanges(partsOf(FILE), OPTIONS, signal);
  expect(found).toMatchObject({ keep: { count: 1, first: 'data/0' } });
  expect([asked, pages.length]).toEqual([1, 2]);
});

test('what a scrub marked is found on whatever page it is', async () => {
  const names = ['data/3', 'data/123456', 'data/other'];
  const left = await unrepaired(partsOf(FILE), { folderId: 'f', names }, signal);
  expect(left.map(({ name }) => name)).toEqual(['data/3', 'data/123456']);
});
