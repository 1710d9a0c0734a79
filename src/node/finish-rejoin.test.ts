import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { IN_SYNC } from '../../test/builders/folder-status.ts';
import {
  createNodeUnderTest,
  giveOrder,
  seedVolume,
  type NodeUnderTest,
} from '../../test/builders/test-node.ts';
import { archivesOf, beginRejoin } from '../handoff/disk-state.ts';
import type { BrowseEntry } from '../syncthing/client.ts';
import { archiveTree } from './archive-tree.ts';
import type { NodeContext } from './context.ts';
import { finishRejoin } from './finish-rejoin.ts';

let node: NodeUnderTest;
let volumeId: string;
let data: string;
beforeEach(async () => {
  node = await createNodeUnderTest();
  const volume = seedVolume(node);
  volumeId = volume.volumeId;
  await giveOrder(node, volume);
  data = node.ctx.store.layout.volume(volumeId).data;
});
afterEach(() => node[Symbol.dispose]());

const signal = AbortSignal.timeout(60_000);
/** A Syncthing whose index is what the tree has by now; `revert` is what that does to the tree. */
function beside(revert: () => void): NodeContext {
  const done = () => Promise.resolve();
  const browse = (_: string, { prefix = '' }: { readonly prefix?: string }) =>
    Promise.resolve(
      readdirSync(path.join(path.dirname(data), prefix), { withFileTypes: true }).map(
        (entry): BrowseEntry => ({
          name: entry.name,
          type: entry.isDirectory() ? 'directory' : 'file',
          size: 0,
          modTime: '',
          children: [],
        }),
      ),
    );
  const folderStatus = () => Promise.resolve(IN_SYNC);
  const syncthing = {
    ...node.ctx.syncthing,
    scan: done,
    browse,
    folderStatus,
    revert: () => Promise.resolve(revert()),
  };
  return { ...node.ctx, syncthing };
}

function put(name: string, text: string): void {
  const file = path.join(data, name);
  mkdirSync(path.dirname(file), { recursive: true });
  rmSync(file, { force: true });
  writeFileSync(file, text);
}

/** As a program that keeps its file open does. */
function writeInPlace(name: string, text: string): void {
  writeFileSync(path.join(data, name), text, { flag: 'r+' });
}

async function archive(epoch: number): Promise<string> {
  const directory = node.ctx.store.layout.archiveOf(volumeId, epoch);
  const state = await node.ctx.states.read(volumeId);
  if (state !== undefined) await node.ctx.states.write(beginRejoin(state, epoch, directory));
  await archiveTree(node.ctx, volumeId, signal);
  return directory;
}

/** What the archive has, by name. */
function contentOf(directory: string): Readonly<Record<string, string>> {
  const tree = path.join(directory, 'data');
  const files = readdirSync(tree, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
  const names = files.map(({ name, parentPath }) => path.relative(tree, path.join(parentPath, name)));
  return Object.fromEntries(names.map((name) => [name, readFileSync(path.join(tree, name), 'utf8')]));
}

async function toldArchives(): Promise<readonly string[]> {
  const state = await node.ctx.states.read(volumeId);
  expect(state?.phase).toEqual({ kind: 'replica' });
  return state === undefined ? [] : archivesOf(state);
}

describe('what stays of an archive is not what a pod writes next', () => {
  test('where the lost writer had given a file a second name, which the lineage does not have', async () => {
    put('db/file', 'lost');
    mkdirSync(path.join(data, 'snapshots/db'), { recursive: true });
    linkSync(path.join(data, 'db/file'), path.join(data, 'snapshots/db/file'));
    const kept = await archive(5);
    const revert = () => unlinkSync(path.join(data, 'snapshots/db/file'));
    await finishRejoin(beside(revert), volumeId, signal);
    writeInPlace('db/file', 'next');
    expect(contentOf(kept)).toEqual({ 'snapshots/db/file': 'lost' });
    expect(await toldArchives()).toEqual([kept]);
  });

  test('where the lineage renamed it, as Syncthing does with the file that is there', async () => {
    put('before', 'lost');
    const kept = await archive(5);
    const revert = () => renameSync(path.join(data, 'before'), path.join(data, 'after'));
    await finishRejoin(beside(revert), volumeId, signal);
    writeInPlace('after', 'next');
    expect(contentOf(kept)).toEqual({ before: 'lost' });
  });

  test('also when it could not be copied at first, until when nobody writes', async () => {
    put('before', 'lost');
    const kept = await archive(5);
    let revert = () => renameSync(path.join(data, 'before'), path.join(data, 'after'));
    const full = () => Promise.reject(new Error('no space left'));
    const ctx = beside(() => revert());
    await expect(finishRejoin({ ...ctx, syncFilesystems: full }, volumeId, signal)).rejects.toThrow(
      `${path.join(kept, 'data')} is not kept apart yet: no space left`,
    );
    expect((await node.ctx.states.read(volumeId))?.phase).toMatchObject({ kind: 'rejoining' });
    revert = () => undefined;
    await finishRejoin(ctx, volumeId, signal);
    writeInPlace('after', 'next');
    expect(contentOf(kept)).toEqual({ before: 'lost' });
  });
});

describe('a rejoin that a second failover broke off', () => {
  test('leaves an archive of its own, which is looked through and told like the last one', async () => {
    for (const name of ['same', 'changed', 'taken', 'extra']) put(name, `first ${name}`);
    const first = await archive(5);
    put('changed', 'of the lineage in between');
    put('came', 'with it');
    const second = await archive(7);
    const revert = () => {
      put('changed', 'of the last lineage');
      for (const name of ['taken', 'extra', 'came']) rmSync(path.join(data, name), { force: true });
    };
    await finishRejoin(beside(revert), volumeId, signal);
    expect(contentOf(first)).toEqual({
      changed: 'first changed',
      taken: 'first taken',
      extra: 'first extra',
    });
    // What it only had from the first is there once.
    expect(contentOf(second)).toEqual({ changed: 'of the lineage in between', came: 'with it' });
    expect(await toldArchives()).toEqual([first, second]);
  });

  test('does not end the one that broke it off', async () => {
    put('file', 'lost');
    const first = await archive(5);
    const ctx = beside(() => undefined);
    const second = node.ctx.store.layout.archiveOf(volumeId, 7);
    async function breakOff(): Promise<void> {
      const state = await node.ctx.states.read(volumeId);
      if (state !== undefined) await node.ctx.states.write(beginRejoin(state, 7, second));
    }
    await finishRejoin({ ...ctx, syncFilesystems: breakOff }, volumeId, signal);
    expect((await node.ctx.states.read(volumeId))?.phase).toEqual({
      kind: 'rejoining',
      epoch: 7,
      step: 'archiving',
      archive: second,
      earlier: [first],
    });
  });

  test('leaves nothing where the copy had nothing of its own', async () => {
    put('file', 'same');
    const archives = [await archive(5), await archive(7)];
    await finishRejoin(
      beside(() => undefined),
      volumeId,
      signal,
    );
    expect(await toldArchives()).toEqual([]);
    expect(archives.filter((each) => existsSync(each))).toEqual([]);
  });

  test('and what an earlier one left is told until a person has removed it', async () => {
    put('file', 'lost');
    const first = await archive(5);
    await finishRejoin(
      beside(() => put('file', 'proven')),
      volumeId,
      signal,
    );
    put('file', 'lost again');
    const second = await archive(7);
    await finishRejoin(
      beside(() => put('file', 'proven again')),
      volumeId,
      signal,
    );
    expect(await toldArchives()).toEqual([first, second]);
    rmSync(first, { recursive: true });
    put('file', 'lost once more');
    const third = await archive(9);
    await finishRejoin(
      beside(() => put('file', 'proven in the end')),
      volumeId,
      signal,
    );
    expect(await toldArchives()).toEqual([second, third]);
  });
});
