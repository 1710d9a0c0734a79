import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  createNodeUnderTest,
  giveOrder,
  NODE,
  seedVolume,
  type NodeUnderTest,
} from '../../test/builders/test-node.ts';
import { handoffBase } from '../../test/builders/volume-view.ts';
import type { DiskState } from '../handoff/disk-state.ts';
import type { ProvenState } from '../handoff/taken-back.ts';
import type { FileEntry, FolderStatus } from '../syncthing/client.ts';
import { folderConfig } from '../syncthing/folder-config.ts';
import { takeBack } from './take-back.ts';

const CLEAN = {
  state: 'idle',
  errors: 0,
  sequence: 1,
  needTotalItems: 0,
  needDeletes: 0,
  needBytes: 0,
  globalTotalItems: 1,
  globalBytes: 1,
  localTotalItems: 1,
  localBytes: 1,
} as const;
const UP_TO_10: ProvenState = { kind: 'sequence', sequence: 10 };

let node: NodeUnderTest;
let folderId: string;
/** By name under `data/`. */
let deletions: Readonly<Record<string, Partial<FileEntry['local']>>>;
let proven: ProvenState;
/** How many items count as changed. */
let changed: number;
/** The type that the folder has instead of the one that state.json says. */
let typeNow: 'receiveonly' | undefined;
/** Each with the type that the folder had, and what was under `data/`. */
let scans: string[];
/** What happens at a scan. */
let meanwhile: () => Promise<void>;

beforeEach(async () => {
  node = await createNodeUnderTest();
  [deletions, proven, changed, typeNow, scans] = [{}, UP_TO_10, 0, undefined, []];
  meanwhile = () => Promise.resolve();
  const { storeId } = node.ctx.store;
  const holders = [{ node: NODE, storeId, sequence: 10 }];
  const base = handoffBase([], { kind: 'failover', epoch: 3, session: 0, holders });
  const volume = seedVolume(node, { status: { epoch: 3, base } });
  folderId = volume.volumeId;
  await giveOrder(node, volume);
  put({ '../data/there': 'there' });
});
afterEach(() => node[Symbol.dispose]());

function dataOf(name = ''): string {
  return path.join(node.ctx.store.layout.volume(folderId).data, name);
}

function versionOf(file: string): string {
  return path.join(node.ctx.store.layout.volume(folderId).syncRoot, '.stversions', file);
}

function put(versions: Readonly<Record<string, string>>): void {
  for (const [file, content] of Object.entries(versions)) {
    mkdirSync(path.dirname(versionOf(file)), { recursive: true });
    writeFileSync(versionOf(file), content);
  }
}

function entryOf(name: string): FileEntry {
  const local = {
    name,
    isDirectory: false,
    deleted: true,
    invalid: false,
    sequence: 0,
    size: 0,
    modified: '',
    blocksHash: '',
    modifiedBy: 'LOST',
    version: [],
    localFlags: 0,
    ...deletions[name],
  };
  return { local, availability: [] };
}

async function stateNow(): Promise<DiskState | undefined> {
  return node.ctx.states.read(folderId);
}

async function typeOf(): Promise<'sendreceive' | 'receiveonly'> {
  return typeNow ?? ((await stateNow())?.announcing === true ? 'sendreceive' : 'receiveonly');
}

async function once(): Promise<void> {
  const syncthing = {
    ...node.ctx.syncthing,
    file: (_folder: string, name: string) => Promise.resolve(entryOf(name)),
    folder: async (id: string) =>
      folderConfig({ folderId: id, label: id, path: '/x', type: await typeOf(), peers: [] }),
    folderStatus: (): Promise<FolderStatus> => Promise.resolve({ ...CLEAN, receiveOnlyTotalItems: changed }),
    scan: async () => {
      scans.push(`${await typeOf()}: ${readdirSync(dataOf()).toSorted().join()}`);
      await meanwhile();
    },
  };
  const options = { folderId, epoch: 3, proven };
  await takeBack({ ...node.ctx, syncthing }, options, AbortSignal.timeout(10_000));
}

/** As the plan asks for it, again with writer type; what is under `data/` then. */
async function after(): Promise<(name: string) => string | undefined> {
  await once();
  if ((await stateNow())?.announcing === true) await once();
  await expectDone();
  return (name) => (existsSync(dataOf(name)) ? readFileSync(dataOf(name), 'utf8') : undefined);
}

async function expectDone(): Promise<void> {
  const state = await stateNow();
  expect(state?.rejoined).toEqual({ epoch: 3, archive: '' });
  expect(state?.announcing).toBeUndefined();
}

test('the newest version of what was deleted after the proof comes back, with its directory', async () => {
  put({ 'data/d/a~20260102-030405.txt': 'older', 'data/d/a~20260102-030505.txt': 'newer' });
  deletions = { 'data/d/a.txt': { sequence: 11 } };
  const found = await after();
  expect(found('d/a.txt')).toBe('newer');
});

test('what was deleted before the proof, or is there, stays as it is', async () => {
  put({ 'data/gone~20260102-030405': 'old', 'data/there~20260102-030405': 'old' });
  deletions = { 'data/gone': { sequence: 10 }, 'data/there': { sequence: 11 } };
  const found = await after();
  expect(found('gone')).toBeUndefined();
  expect(found('there')).toBe('there');
  expect(scans).toEqual([]);
});

test('without versions there is nothing to do', async () => {
  const found = await after();
  expect(found('there')).toBe('there');
  expect(scans).toEqual([]);
});

test('nothing is put where a link leads to, and what can come back does', async () => {
  const victim = path.join(node.ctx.store.layout.volumes, 'victim/sync/data');
  const names = ['d/x', 'd/e/x', 'dangling/x', 'file/x', 'gone/x'];
  put(Object.fromEntries(names.map((name) => [`data/${name}~20260102-030405`, name])));
  deletions = Object.fromEntries(names.map((name) => [`data/${name}`, { sequence: 11 }]));
  mkdirSync(victim, { recursive: true });
  symlinkSync('../../../victim/sync/data', dataOf('d'));
  symlinkSync('../../../victim/sync/data/new', dataOf('dangling'));
  writeFileSync(dataOf('file'), 'x');
  const found = await after();
  expect(readdirSync(victim)).toEqual([]);
  expect(found('gone/x')).toBe('gone/x');
  expect(found('file')).toBe('x');
});

test('what came back with a directory of umlauts is found under its name', async () => {
  put({ 'data/ä/ö~20260102-030405': 'x' });
  deletions = { 'data/ä/ö': { sequence: 11 } };
  const found = await after();
  expect(found('ä/ö')).toBe('x');
});

/** One file that is to come back. */
function deleteOne(): void {
  put({ 'data/gone~20260102-030405': 'x' });
  deletions = { 'data/gone': { sequence: 11 } };
}

test('files come back once the folder has writer type, and it is a receiver again when a scan has found them', async () => {
  deleteOne();
  await once();
  const state = await stateNow();
  expect([state?.announcing, state?.rejoined]).toEqual([true, undefined]);
  expect(existsSync(dataOf('gone'))).toBe(false);
  await once();
  await expectDone();
  expect(scans).toEqual(['receiveonly: there', 'sendreceive: gone,there']);
});

test('where something counts as changed, files come back to a receiver: it would be announced as well', async () => {
  deleteOne();
  changed = 1;
  await once();
  await expectDone();
  expect(scans).toEqual(['receiveonly: there', 'receiveonly: gone,there']);
});

test('nothing comes back while the type is another than state.json says', async () => {
  deleteOne();
  await once();
  typeNow = 'receiveonly';
  await expect(once()).rejects.toThrow('has no writer type');
  expect(existsSync(dataOf('gone'))).toBe(false);
  expect((await stateNow())?.announcing).toBe(true);
});

test('a scan under which the folder lost its writer type does not count', async () => {
  deleteOne();
  await once();
  meanwhile = () => Promise.resolve(void (typeNow = 'receiveonly'));
  await expect(once()).rejects.toThrow('has no writer type');
  expect((await stateNow())?.rejoined).toBeUndefined();
});

test('after a crash between the files and their scan it is scanned, with writer type, before that is the end', async () => {
  deleteOne();
  await once();
  linkSync(versionOf('data/gone~20260102-030405'), dataOf('gone'));
  await once();
  await expectDone();
  expect(scans.at(-1)).toBe('sendreceive: gone,there');
});

test('the same on a receiver: what is back and not in the index is scanned', async () => {
  deleteOne();
  changed = 1;
  linkSync(versionOf('data/gone~20260102-030405'), dataOf('gone'));
  await once();
  await expectDone();
  expect(scans).toEqual(['receiveonly: gone,there', 'receiveonly: gone,there']);
});

test('a copy that may not speak for the volume any more announces nothing', async () => {
  deleteOne();
  meanwhile = () => Promise.resolve(void delete node.ctx.volumes.record(folderId).order);
  await expect(once()).rejects.toThrow('may not speak for the volume');
  expect((await stateNow())?.announcing).toBeUndefined();
});

// The version may have counted past the clock, and the clock of another node may be ahead.
test.each<[string, string, boolean]>([
  ['within the proven scan', '1970-01-01T00:01:39.900Z', false],
  ['in the second of its end, and known by the proof', '1970-01-01T00:01:40.000Z', false],
  ['after it', '1970-01-01T00:01:41.000Z', true],
])('a deletion %s is judged by its own time', async (_, modified, isBack) => {
  put({ 'data/gone~20260102-030405': 'x' });
  deletions = { 'data/gone': { sequence: 9, modified, version: ['LOST:103', 'AHEAD:220'] } };
  proven = { kind: 'moment', at: 100_500, sequence: 10, before: 8 };
  const found = await after();
  expect(found('gone')).toBe(isBack ? 'x' : undefined);
});
