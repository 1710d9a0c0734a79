import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  createNodeUnderTest,
  giveOrder,
  NODE,
  seedVolume,
  type NodeUnderTest,
} from '../../test/builders/test-node.ts';
import { handoffBase, sharedBase } from '../../test/builders/volume-view.ts';
import { begun } from '../desired/plan-scrub.ts';
import { newScrubRecord } from '../desired/scrub.ts';
import { FILE_VERSION } from '../../test/builders/file-version.ts';
import type { BrowseEntry, FileEntry, FileVersion, FolderStatus } from '../syncthing/client.ts';
import type { NodeContext } from './context.ts';
import { absorbChanges } from './absorb-changes.ts';

const signal = AbortSignal.timeout(10_000);
const MAY = { mayRevert: true, mayRepair: true, isTruth: false, seesAll: true };
/** As it is where no other holder is intact. */
const MAY_REPAIR = { ...MAY, mayRevert: false };
const TRUTH = { ...MAY_REPAIR, isTruth: true };

const RECEIVER = { type: 'receiveonly', peers: [{ node: 'n2', deviceId: 'DEVICE-n2' }] } as const;

let node: NodeUnderTest;
let folderId: string;
/** What Syncthing takes for changed, as its index has it. */
let changed: Readonly<Record<string, FileEntry>>;
let reverts: number;
/** How many looks it takes until Syncthing has begun to revert. */
let looksUntilReverted: number;
let bytesElsewhere: string;
/** What the other copy has. */
let fetched: (name: string) => boolean;
/** The names that Syncthing was asked for, in order. */
let asked: string[];
/** What comes to light by a scan. */
let scanned: () => void;
/** Whether n2 is connected when Syncthing is asked. */
let there: () => boolean;
/** What happens while the bytes that are kept are made durable. */
let meanwhile: () => void;

beforeEach(async () => {
  node = await createNodeUnderTest();
  [reverts, looksUntilReverted, bytesElsewhere] = [0, 1, 'there'];
  [asked, meanwhile, there] = [[], () => undefined, () => true];
  scanned = () => undefined;
  fetched = () => true;
  const { storeId } = node.ctx.store;
  const holders = [...handoffBase(['n2']).holders, { node: NODE, storeId, sequence: 10 }];
  const volume = seedVolume(node, { status: { epoch: 1, base: handoffBase([], { holders }) } });
  folderId = volume.volumeId;
  await giveOrder(node, volume, RECEIVER);
  const { data } = node.ctx.store.layout.volume(folderId);
  mkdirSync(data);
  for (const name of ['a', 'b']) writeFileSync(path.join(data, name), 'here');
});
afterEach(() => node[Symbol.dispose]());

function version(given: Partial<FileVersion> = {}): FileVersion {
  return { ...FILE_VERSION, size: 4, ...given };
}

/** Changed here, and as it should be on another copy that is connected. */
function elsewhere(given: Partial<FileVersion> = {}): FileEntry {
  return { local: version(), global: version(given), availability: ['DEVICE-n2'] };
}

/** Nobody else has a version of it that counts. */
const ALONE: FileEntry = {
  local: version(),
  global: version({ invalid: true }),
  availability: [],
};
const DIRECTORY: FileEntry = {
  local: version({ isDirectory: true }),
  global: version({ isDirectory: true, invalid: true }),
  availability: [],
};

/** What the other copy has takes a file's place, as after a revert. */
function fetch(name: string): void {
  const { syncRoot } = node.ctx.store.layout.volume(folderId);
  writeFileSync(path.join(syncRoot, 'temporary'), bytesElsewhere);
  renameSync(path.join(syncRoot, 'temporary'), path.join(syncRoot, name));
}

/** What the volume has in a directory. */
function listed(prefix: string): readonly BrowseEntry[] {
  const there = Object.entries(changed).filter(([, { global }]) => global?.deleted === false);
  const names = there.map(([name]) => path.parse(name)).filter(({ dir }) => dir === prefix);
  return names.map(({ base }) => ({ name: base, type: 'file', size: 4, modTime: '', children: [] }));
}

function context(): NodeContext {
  let left = 0;
  const syncthing: NodeContext['syncthing'] = {
    ...node.ctx.syncthing,
    localChanged: async (_, { page = 1, perPage = 100 }) =>
      Object.keys(changed).slice((page - 1) * perPage, page * perPage),
    file: async (_, name) => {
      asked.push(name);
      return changed[name];
    },
    browse: async (_, { prefix = '' }) => listed(prefix),
    revert: async () => {
      reverts += 1;
      left = looksUntilReverted;
      for (const name of Object.keys(changed).filter(fetched)) fetch(name);
    },
    scan: async () => {
      left -= 1;
      scanned();
    },
    connections: async () => new Map(there() ? [['DEVICE-n2', CONNECTION]] : []),
    completion: async () => COMPLETION,
    folderStatus: async () => ({ ...CLEAN, receiveOnlyTotalItems: Math.max(0, left) }),
  };
  const clock = { ...node.ctx.clock, sleep: () => Promise.resolve() };
  return { ...node.ctx, syncthing, clock, syncFilesystems: async () => meanwhile() };
}

const CONNECTION = { connected: true, paused: false, address: '', clientVersion: '' };
const COMPLETION = {
  needItems: 0,
  needDeletes: 0,
  needBytes: 0,
  globalItems: 0,
  globalBytes: 0,
  sequence: 7,
  remoteState: 'valid',
} as const;
const CLEAN: FolderStatus = {
  state: 'idle',
  errors: 0,
  sequence: 1,
  needTotalItems: 0,
  needDeletes: 0,
  needBytes: 0,
  receiveOnlyTotalItems: 0,
  globalTotalItems: 2,
  globalBytes: 8,
  localTotalItems: 2,
  localBytes: 8,
};

async function absorb(options: typeof MAY): Promise<void> {
  await absorbChanges(context(), { folderId, ...options }, signal);
}

async function underRepair(...names: readonly string[]): Promise<void> {
  const { run, ...record } = begun(newScrubRecord(0), 0);
  const unknown = { reason: '', blocksHash: '', modifiedBy: 'OTHER', changedAt: '' };
  const repairing = names.map((name) => ({ name, kind: 'differs' as const, ...unknown }));
  if (run !== undefined) await node.ctx.scrubs.write(folderId, { ...record, run: { ...run, repairing } });
}

async function isAnnouncing(): Promise<boolean> {
  return (await node.ctx.states.read(folderId))?.announcing === true;
}

/** In the API server and in the order. */
async function beOnlyHolder(): Promise<void> {
  const holders = [{ node: NODE, storeId: node.ctx.store.storeId, sequence: 10 }];
  const volume = seedVolume(node, { status: { epoch: 1, base: handoffBase([], { holders }) } });
  await giveOrder(node, volume, RECEIVER);
}

function archived(): readonly string[] {
  const archive = path.join(node.ctx.store.layout.archive, folderId);
  return existsSync(archive)
    ? readdirSync(archive, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => readFileSync(path.join(entry.parentPath, entry.name), 'utf8'))
    : [];
}

describe('what was changed by hand', () => {
  test('is taken back on the word of the controller', async () => {
    changed = { 'data/a': elsewhere(), 'data/b': ALONE };
    looksUntilReverted = 3;
    await absorb(MAY);
    expect(reverts).toBe(1);
    expect(archived()).toEqual(['here', 'here']);
  });

  test('stays without', async () => {
    changed = { 'data/a': elsewhere() };
    await expect(absorb(MAY_REPAIR)).rejects.toThrow('data/a was changed on n1');
    expect(reverts).toBe(0);
  });

  test('is not taken back from a copy that became the writer meanwhile', async () => {
    changed = { 'data/a': elsewhere() };
    const state = await node.ctx.states.read(folderId);
    if (state !== undefined)
      await node.ctx.states.write({ ...state, phase: { kind: 'writer', epoch: 2, session: 1 } });
    await expect(absorb(MAY)).rejects.toThrow('no mere copy any more');
    expect(reverts).toBe(0);
  });

  test('is asked for only until it is known what becomes of all', async () => {
    const names = Array.from({ length: 50 }, (_, index) => `data/f${index}`);
    changed = Object.fromEntries(['data/d', ...names].map((name) => [name, elsewhere()]));
    await expect(absorb(MAY_REPAIR)).rejects.toThrow('data/d was changed on n1');
    expect(asked).toEqual(['data/d']);
    await underRepair('data/f7');
    asked = [];
    await expect(absorb(MAY_REPAIR)).rejects.toThrow('data/d was changed on n1');
    expect(asked).toEqual(['data/f7', 'data/d']);
    expect(reverts).toBe(0);
  });

  test('is kept as a whole where only the first of it was asked for', async () => {
    changed = { 'data/a': elsewhere(), 'data/b': elsewhere() };
    await absorb(MAY);
    expect(asked).toEqual(['data/a']);
    expect(archived()).toEqual(['here', 'here']);
  });

  test('is kept as a whole also where one answer does not name all of it', async () => {
    const names = Array.from({ length: 10_000 }, (_, index) => `data/gone${index}`);
    changed = Object.fromEntries([...names, 'data/a', 'data/b'].map((name) => [name, elsewhere()]));
    const { syncRoot } = node.ctx.store.layout.volume(folderId);
    fetched = (name) => existsSync(path.join(syncRoot, name));
    await absorb(MAY);
    expect(reverts).toBe(1);
    expect(archived()).toEqual(['here', 'here']);
  });

  test('is a failure where the revert never comes', async () => {
    changed = { 'data/a': elsewhere() };
    looksUntilReverted = 1000;
    await expect(absorb(MAY)).rejects.toThrow('still count as changed');
    expect(archived()).toEqual(['here']);
  });
});

describe('what a scrub marked', () => {
  test('is taken back without the word', async () => {
    changed = { 'data/a': elsewhere() };
    await underRepair('data/a');
    await absorb(MAY_REPAIR);
    expect(reverts).toBe(1);
    expect(archived()).toEqual(['here']);
  });

  test.each<[string, Readonly<Record<string, FileEntry>>]>([
    ['nobody who is connected has it', { 'data/a': { ...elsewhere(), availability: [] } }],
    ['no version of it counts', { 'data/a': { ...elsewhere({ invalid: true }) } }],
    ['it was deleted elsewhere', { 'data/a': elsewhere({ deleted: true }) }],
    ['it was deleted here', { 'data/a': { ...elsewhere(), local: version({ deleted: true }) } }],
    ['another file is changed as well', { 'data/a': elsewhere(), 'data/b': elsewhere() }],
    ['a directory has no version that counts', { 'data/a': elsewhere(), 'data/d': DIRECTORY }],
  ])('waits for it where %s', async (_, given) => {
    changed = given;
    await underRepair('data/a');
    await expect(absorb(MAY_REPAIR)).rejects.toThrow('was changed on n1');
    expect(reverts).toBe(0);
  });

  // A revert deletes what no copy has a version of that counts.
  test.each<[string, FileEntry]>([
    ['the other copy marked it as well', ALONE],
    ['who has it went away', { ...elsewhere(), availability: [] }],
  ])('is not taken back where %s meanwhile', async (_, entry) => {
    changed = { 'data/a': elsewhere(), 'data/b': elsewhere() };
    await underRepair('data/a');
    meanwhile = () => void (changed = { ...changed, 'data/a': entry });
    await expect(absorb(MAY)).rejects.toThrow('no copy that is connected has it');
    expect(reverts).toBe(0);
  });

  test.each<[string, FileEntry]>([
    ['files that were only deleted here', { ...elsewhere(), local: version({ deleted: true }) }],
    ['a directory that was made here', { local: version({ isDirectory: true }), availability: [] }],
  ])('%s are taken back, with nothing to keep', async (_, entry) => {
    changed = { 'data/nothing-there': entry };
    await absorb(MAY);
    expect(reverts).toBe(1);
  });

  test('goes where the volume deleted it meanwhile', async () => {
    changed = { 'data/a': elsewhere() };
    await underRepair('data/a');
    meanwhile = () => void (changed = { 'data/a': elsewhere({ deleted: true }) });
    await absorb(MAY_REPAIR);
    expect(reverts).toBe(1);
  });

  test.each([
    ['a pod looks at it', elsewhere(), { ...MAY_REPAIR, mayRepair: false }],
    [
      'it is on the only holder, and on a copy that is no holder',
      elsewhere(),
      { ...TRUTH, mayRepair: false },
    ],
    ['it is on the only holder, and who may have it is away', ALONE, { ...TRUTH, seesAll: false }],
  ])('is neither taken back nor announced where %s', async (_, entry, options) => {
    changed = { 'data/a': entry };
    await underRepair('data/a');
    await expect(absorb(options)).rejects.toThrow('was changed on n1');
    expect(await isAnnouncing()).toBe(false);
  });

  test.each([
    ['another copy came while it was looked for', [false, true]],
    ['another copy went while it was looked for', [true, false]],
  ])('is not announced where %s', async (_, connected) => {
    changed = { 'data/a': ALONE };
    await underRepair('data/a');
    await beOnlyHolder();
    const answers = [...connected];
    there = () => answers.shift() ?? true;
    await expect(absorb(TRUTH)).rejects.toThrow(/was changed on n1|went away/);
    expect(await isAnnouncing()).toBe(false);
  });

  test('is taken back on the only holder where any other copy has it', async () => {
    changed = { 'data/a': elsewhere() };
    await underRepair('data/a');
    await absorb(TRUTH);
    expect([reverts, await isAnnouncing()]).toEqual([1, false]);
  });

  test('is the truth on the only holder where nobody has it', async () => {
    changed = { 'data/a': ALONE };
    await underRepair('data/a');
    await beOnlyHolder();
    await absorb(TRUTH);
    expect([reverts, await isAnnouncing()]).toEqual([0, true]);
  });
});

test('what turns out to be the same leaves nothing in the archive', async () => {
  changed = { 'data/a': elsewhere() };
  bytesElsewhere = 'here';
  await absorb(MAY);
  expect(archived()).toEqual([]);
});

describe('a conflict copy of a volume that many write', () => {
  const COPY = 'data/b.sync-conflict-20260102-030405-ABCDEFG';
  const OWN: FileEntry = { local: version(), availability: [] };

  async function share(): Promise<void> {
    const volume = seedVolume(node, { spec: { access: 'eventual' }, status: { base: sharedBase(['n2']) } });
    await giveOrder(node, volume, { type: 'receiveonly', access: 'eventual' });
    writeFileSync(path.join(node.ctx.store.layout.volume(folderId).syncRoot, COPY), 'lost');
  }

  test('is announced, by whatever copy has it', async () => {
    await share();
    changed = { [COPY]: OWN };
    await absorb(MAY_REPAIR);
    expect([reverts, await isAnnouncing()]).toEqual([0, true]);
  });

  test('is not announced before it is known that nothing else would be', async () => {
    await share();
    changed = { [COPY]: OWN };
    scanned = () => void (changed = { [COPY]: OWN, 'data/a': elsewhere({ deleted: true }) });
    await expect(absorb(MAY_REPAIR)).rejects.toThrow('data/a was changed on n1');
    expect(await isAnnouncing()).toBe(false);
  });

  test('goes to the archive with what was changed by hand, since a revert would take it away', async () => {
    await share();
    changed = { [COPY]: OWN, 'data/a': elsewhere() };
    await expect(absorb(MAY_REPAIR)).rejects.toThrow('was changed on n1');
    expect(await isAnnouncing()).toBe(false);
    await absorb(MAY);
    expect(archived()).toEqual(expect.arrayContaining(['here', 'lost']));
  });

  test("is somebody's file in a volume that one node writes at a time", async () => {
    changed = { [COPY]: OWN };
    writeFileSync(path.join(node.ctx.store.layout.volume(folderId).syncRoot, COPY), 'lost');
    await expect(absorb(MAY_REPAIR)).rejects.toThrow('was changed on n1');
    expect(await isAnnouncing()).toBe(false);
  });

  test('is not announced from under a session', async () => {
    await share();
    const state = await node.ctx.states.read(folderId);
    if (state === undefined) throw new Error('no copy');
    const writing = { since: '2026-01-02T03:04:05.000Z', session: 1, phase: 'writing' } as const;
    await node.ctx.states.write({ ...state, writing });
    changed = { [COPY]: OWN };
    await expect(absorb(MAY)).rejects.toThrow('stays so until a holder announces it');
  });
});
