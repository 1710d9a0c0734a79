import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  createNodeUnderTest,
  giveOrder,
  seedVolume,
  type NodeUnderTest,
} from '../../test/builders/test-node.ts';
import type { FileEntry } from '../syncthing/client.ts';
import { takeBack } from './take-back.ts';

let node: NodeUnderTest;
beforeEach(async () => {
  node = await createNodeUnderTest();
});
afterEach(() => node[Symbol.dispose]());

function deletedAt(name: string, sequence: number): FileEntry {
  const local = {
    name,
    isDirectory: false,
    deleted: true,
    invalid: false,
    sequence,
    size: 0,
    modified: '',
    blocksHash: '',
    modifiedBy: 'LOST',
    version: [],
    localFlags: 0,
  };
  return { local, availability: [] };
}

/** What is under `data/` after it, of a copy whose index has these deletions. */
async function after(
  versions: Readonly<Record<string, string>>,
  deletions: Readonly<Record<string, number>>,
  prepare: (data: string) => void = () => undefined,
): Promise<(name: string) => string | undefined> {
  const volume = seedVolume(node);
  await giveOrder(node, volume);
  const { syncRoot } = node.ctx.store.layout.volume(volume.volumeId);
  for (const [file, content] of Object.entries({ ...versions, '../data/there': 'there' })) {
    const full = path.join(syncRoot, '.stversions', file);
    mkdirSync(path.dirname(full), { recursive: true });
    writeFileSync(full, content);
  }
  prepare(path.join(syncRoot, 'data'));
  const syncthing = {
    ...node.ctx.syncthing,
    file: (_folder: string, name: string) => Promise.resolve(deletedAt(name, deletions[name] ?? 0)),
    scan: () => Promise.resolve(),
  };
  const options = {
    folderId: volume.volumeId,
    epoch: 3,
    proven: { kind: 'sequence', sequence: 10 },
  } as const;
  await takeBack({ ...node.ctx, syncthing }, options, AbortSignal.timeout(10_000));
  expect((await node.ctx.states.read(volume.volumeId))?.rejoined).toEqual({ epoch: 3, archive: '' });
  return (name) => {
    const file = path.join(syncRoot, 'data', name);
    return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  };
}

test('the newest version of what was deleted after the proof comes back, with its directory', async () => {
  const versions = {
    'data/d/a~20260102-030405.txt': 'older',
    'data/d/a~20260102-030505.txt': 'newer',
  };
  const found = await after(versions, { 'data/d/a.txt': 11 });
  expect(found('d/a.txt')).toBe('newer');
});

test('what was deleted before the proof, or is there, stays as it is', async () => {
  const versions = { 'data/gone~20260102-030405': 'old', 'data/there~20260102-030405': 'old' };
  const found = await after(versions, { 'data/gone': 10, 'data/there': 11 });
  expect(found('gone')).toBeUndefined();
  expect(found('there')).toBe('there');
});

test('without versions there is nothing to do', async () => {
  const found = await after({}, {});
  expect(found('there')).toBe('there');
});

test('nothing is put where a link leads to, and what can come back does', async () => {
  const victim = path.join(node.ctx.store.layout.volumes, 'victim/sync/data');
  const names = ['d/x', 'd/e/x', 'dangling/x', 'file/x', 'gone/x'];
  const found = await after(
    Object.fromEntries(names.map((name) => [`data/${name}~20260102-030405`, name])),
    Object.fromEntries(names.map((name) => [`data/${name}`, 11])),
    (data) => {
      mkdirSync(victim, { recursive: true });
      symlinkSync('../../../victim/sync/data', path.join(data, 'd'));
      symlinkSync('../../../victim/sync/data/new', path.join(data, 'dangling'));
      writeFileSync(path.join(data, 'file'), 'x');
    },
  );
  expect(readdirSync(victim)).toEqual([]);
  expect(found('gone/x')).toBe('gone/x');
  expect(found('file')).toBe('x');
});

test('what came back with a directory of umlauts is found under its name', async () => {
  const found = await after({ 'data/ä/ö~20260102-030405': 'x' }, { 'data/ä/ö': 11 });
  expect(found('ä/ö')).toBe('x');
});
