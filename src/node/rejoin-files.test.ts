import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  createNodeUnderTest,
  giveOrder,
  seedVolume,
  type NodeUnderTest,
} from '../../test/builders/test-node.ts';
import { beginRejoin } from '../handoff/disk-state.ts';
import { FILE_VERSION } from '../../test/builders/file-version.ts';
import type { BrowseEntry, FileEntry } from '../syncthing/client.ts';
import { archiveTree } from './archive-tree.ts';
import { pruneArchive } from './prune-archive.ts';
import { removeUnindexed } from './remove-unindexed.ts';

let node: NodeUnderTest;
let volumeId: string;
let data: string;
let archive: string;
let kept: string;
beforeEach(async () => {
  node = await createNodeUnderTest();
  const volume = seedVolume(node);
  volumeId = volume.volumeId;
  await giveOrder(node, volume);
  const { layout } = node.ctx.store;
  data = layout.volume(volumeId).data;
  archive = layout.archiveOf(volumeId, 7);
  kept = path.join(archive, 'data');
  mkdirSync(path.join(data, 'sub'), { recursive: true });
  writeFileSync(path.join(data, 'same'), 'same');
  writeFileSync(path.join(data, 'sub', 'differs'), 'old');
});
afterEach(() => node[Symbol.dispose]());

const signal = AbortSignal.timeout(60_000);

/** Another volume's files, by the link that a pod of this one would make in its root. */
const VICTIM = '../../../victim/sync/data';

function makeVictim(): string {
  const victim = path.join(data, VICTIM);
  mkdirSync(path.join(victim, 'sub'), { recursive: true });
  writeFileSync(path.join(victim, 'sub', 'precious'), 'x');
  writeFileSync(path.join(victim, 'precious'), 'x');
  return victim;
}

function replaceByLink(directory: string, target: string): void {
  rmSync(directory, { recursive: true });
  symlinkSync(target, directory);
}

async function beginStale(): Promise<void> {
  const state = await node.ctx.states.read(volumeId);
  if (state !== undefined) await node.ctx.states.write(beginRejoin(state, 7, archive));
}

describe('archiving a stale tree', () => {
  /** Where a crash may leave it, before it is begun again. */
  const crashes: Readonly<Record<string, () => void>> = {
    'from the start': () => undefined,
    'after the rename': () => {
      mkdirSync(archive, { recursive: true });
      renameSync(data, kept);
    },
    'while it was linked back': () => {
      mkdirSync(archive, { recursive: true });
      renameSync(data, kept);
      mkdirSync(path.join(node.ctx.store.layout.volume(volumeId).linking, 'sub'), { recursive: true });
    },
  };

  test.each(Object.keys(crashes))(
    '%s, the bytes are in the archive and the tree in its place',
    async (where) => {
      await beginStale();
      crashes[where]?.();
      await archiveTree(node.ctx, volumeId, signal);
      expect((await node.ctx.states.read(volumeId))?.phase).toMatchObject({
        kind: 'rejoining',
        step: 'archived',
      });
      for (const name of ['same', 'sub/differs']) {
        expect(lstatSync(path.join(data, name)).ino).toBe(lstatSync(path.join(kept, name)).ino);
      }
      expect(existsSync(node.ctx.store.layout.volume(volumeId).linking)).toBe(false);
    },
  );

  test('is not done again once it was done: what has come since is not archived', async () => {
    await beginStale();
    await archiveTree(node.ctx, volumeId, signal);
    writeFileSync(path.join(data, 'came'), 'with the lineage');
    await archiveTree(node.ctx, volumeId, signal);
    expect(existsSync(path.join(kept, 'came'))).toBe(false);
  });
});

describe('what stays of an archive', () => {
  beforeEach(async () => {
    mkdirSync(path.join(data, 'only'));
    writeFileSync(path.join(data, 'only', 'here'), 'x');
    symlinkSync('same', path.join(data, 'link'));
    await beginStale();
    await archiveTree(node.ctx, volumeId, signal);
  });

  test('is what only the lost lineage had', async () => {
    unlinkSync(path.join(data, 'same'));
    writeFileSync(path.join(data, 'same'), 'same');
    unlinkSync(path.join(data, 'sub', 'differs'));
    writeFileSync(path.join(data, 'sub', 'differs'), 'new');
    unlinkSync(path.join(data, 'only', 'here'));
    expect(await pruneArchive({ archive, kept, data, signal })).toBe(2);
    expect(readdirSync(kept).toSorted()).toEqual(['only', 'sub']);
    expect(readFileSync(path.join(kept, 'sub', 'differs'), 'utf8')).toBe('old');
  });

  test.each([0, 1])('is told by every byte: the one at %d megabytes differs', async (megabytes) => {
    const bytes = Buffer.alloc(2 ** 21, 'x');
    for (const where of [data, kept]) writeFileSync(path.join(where, 'large'), bytes);
    expect(lstatSync(path.join(data, 'large')).ino).not.toBe(lstatSync(path.join(kept, 'large')).ino);
    bytes[megabytes * 2 ** 20] = 0;
    writeFileSync(path.join(kept, 'large'), bytes);
    expect(await pruneArchive({ archive, kept, data, signal })).toBe(1);
    expect(readdirSync(kept)).toEqual(['large']);
  });

  test('is everything below a directory that is a link now, be it one into the archive itself', async () => {
    replaceByLink(path.join(data, 'sub'), path.join(kept, 'sub'));
    replaceByLink(path.join(data, 'only'), path.relative(data, path.join(kept, 'only')));
    expect(await pruneArchive({ archive, kept, data, signal })).toBe(2);
    expect(readFileSync(path.join(kept, 'sub', 'differs'), 'utf8')).toBe('old');
    expect(readFileSync(path.join(kept, 'only', 'here'), 'utf8')).toBe('x');
  });

  test('is nothing where both are the same, and then the archive goes', async () => {
    expect(await pruneArchive({ archive, kept, data, signal })).toBe(0);
    expect(existsSync(archive)).toBe(false);
    expect(readFileSync(path.join(data, 'same'), 'utf8')).toBe('same');
  });
});

describe('files that the index does not have', () => {
  function entry(name: string, type: BrowseEntry['type']): BrowseEntry {
    return { name, type, size: 0, modTime: '', children: [] };
  }
  const index: Readonly<Record<string, readonly BrowseEntry[]>> = {
    data: [entry('same', 'file'), entry('sub', 'directory')],
    'data/sub': [],
  };
  const syncthing = {
    browse: async (_: string, { prefix = '' }: { readonly prefix?: string }) => index[prefix] ?? [],
    file: async (_: string, name: string): Promise<FileEntry | undefined> =>
      await Promise.resolve(
        name === 'data/later/deleted'
          ? { global: { ...FILE_VERSION, deleted: true }, availability: [] }
          : undefined,
      ),
  };

  test('go, and are in the archive, whether they were there from the start or came since', async () => {
    await beginStale();
    await archiveTree(node.ctx, volumeId, signal);
    mkdirSync(path.join(data, 'later'));
    writeFileSync(path.join(data, 'later', 'file'), 'later');
    writeFileSync(path.join(data, '.syncthing.same.tmp'), 'half');
    expect(await removeUnindexed({ syncthing, folderId: volumeId, data, kept, signal })).toBe(3);
    expect(readdirSync(data).toSorted()).toEqual(['.syncthing.same.tmp', 'same', 'sub']);
    expect(readdirSync(path.join(data, 'sub'))).toEqual([]);
    expect(readFileSync(path.join(kept, 'later', 'file'), 'utf8')).toBe('later');
    expect(readFileSync(path.join(kept, 'sub', 'differs'), 'utf8')).toBe('old');
  });

  test('go before a revert only where the volume deleted them, wherever they are', async () => {
    await beginStale();
    await archiveTree(node.ctx, volumeId, signal);
    mkdirSync(path.join(data, 'later'));
    for (const name of ['deleted', 'unknown']) writeFileSync(path.join(data, 'later', name), name);
    const options = { syncthing, folderId: volumeId, data, kept, signal, onlyDeleted: true };
    expect(await removeUnindexed(options)).toBe(1);
    expect(readdirSync(path.join(data, 'later'))).toEqual(['unknown']);
    expect(readdirSync(path.join(data, 'sub'))).toEqual(['differs']);
    expect(readFileSync(path.join(kept, 'later', 'deleted'), 'utf8')).toBe('deleted');
  });

  /** Syncthing puts a link in the directory's place when it is asked for what the directory has. */
  function replacing(prefix: string, replace: () => void): typeof syncthing {
    return {
      ...syncthing,
      browse: async (folderId, options) => {
        if (options.prefix === prefix) replace();
        return syncthing.browse(folderId, options);
      },
    };
  }

  test('are none of those that a link leads to which came in place of a directory', async () => {
    const victim = makeVictim();
    await beginStale();
    await archiveTree(node.ctx, volumeId, signal);
    const client = replacing('data/sub', () => replaceByLink(path.join(data, 'sub'), VICTIM));
    expect(await removeUnindexed({ syncthing: client, folderId: volumeId, data, kept, signal })).toBe(0);
    expect(readdirSync(victim).toSorted()).toEqual(['precious', 'sub']);
    expect(readdirSync(path.join(kept, 'sub'))).toEqual(['differs']);
  });

  test('are not kept through a link of the archive', async () => {
    const victim = makeVictim();
    symlinkSync(victim, path.join(data, 'later'));
    await beginStale();
    await archiveTree(node.ctx, volumeId, signal);
    unlinkSync(path.join(data, 'later'));
    mkdirSync(path.join(data, 'later'));
    writeFileSync(path.join(data, 'later', 'file'), 'later');
    await expect(removeUnindexed({ syncthing, folderId: volumeId, data, kept, signal })).rejects.toThrow(
      'cannot keep later/file: later is no directory in its archive',
    );
    expect(readdirSync(victim).toSorted()).toEqual(['precious', 'sub']);
    expect(readFileSync(path.join(data, 'later', 'file'), 'utf8')).toBe('later');
  });
});
