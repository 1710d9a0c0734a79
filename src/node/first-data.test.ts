import { existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createNodeUnderTest, type NodeUnderTest } from '../../test/builders/test-node.ts';
import { makeFirstData, requireImport } from './first-data.ts';

const FOLDER = 'v-aaaaaaaaaaaaaaaa-0123456789ab';

describe('what a volume begins with', () => {
  let node: NodeUnderTest;
  let data: string;

  beforeEach(async () => {
    node = await createNodeUnderTest();
    const layout = node.ctx.store.layout.volume(FOLDER);
    ({ data } = layout);
    mkdirSync(layout.directory);
  });
  afterEach(() => node[Symbol.dispose]());

  function directory(name = 'photos'): string {
    const made = path.join(node.ctx.store.layout.imports, name);
    mkdirSync(path.join(made, 'album'), { recursive: true, mode: 0o750 });
    writeFileSync(path.join(made, 'album', 'one'), '1');
    return made;
  }
  const begin = (from?: string) => makeFirstData(node.ctx, FOLDER, from);

  test('is an empty directory that any pod may write, made once', async () => {
    await begin();
    expect(statSync(data).mode & 0o7777).toBe(0o777);
    writeFileSync(path.join(data, 'file'), 'x');
    await begin();
    expect(existsSync(path.join(data, 'file'))).toBe(true);
  });

  test('is not made anew where the deleter took the volume away in the meantime', async () => {
    const { directory } = node.ctx.store.layout.volume(FOLDER);
    rmSync(directory, { recursive: true });
    await expect(begin()).rejects.toThrow('ENOENT');
    expect(existsSync(directory)).toBe(false);
  });

  test('is one that any pod may write, also where a crash came before that', async () => {
    const { directory, syncRoot } = node.ctx.store.layout.volume(FOLDER);
    for (const made of [syncRoot, path.join(directory, 'data.new')]) mkdirSync(made, { mode: 0o700 });
    await begin();
    expect(statSync(data).mode & 0o7777).toBe(0o777);
  });

  test('is the directory, which is moved and not copied', async () => {
    const from = directory();
    const { ino } = statSync(path.join(from, 'album', 'one'));
    await begin('photos');
    expect(statSync(path.join(data, 'album', 'one')).ino).toBe(ino);
    expect(existsSync(from)).toBe(false);
    await begin('photos');
    expect(readFileSync(path.join(data, 'album', 'one'), 'utf8')).toBe('1');
  });

  test('has nothing of the Syncthing that had the folder before; that is kept beside it', async () => {
    const from = directory();
    for (const name of ['.stfolder', '.stversions']) mkdirSync(path.join(from, name));
    writeFileSync(path.join(from, '.stignore'), '*.tmp');
    writeFileSync(path.join(from, '.stversions', 'old'), 'old');
    await begin('photos');
    for (const name of ['.stfolder', '.stversions', '.stignore'])
      expect(existsSync(path.join(data, name))).toBe(false);
    const archive = node.ctx.store.layout.archiveOfImport(FOLDER);
    expect(readFileSync(path.join(archive, '.stversions', 'old'), 'utf8')).toBe('old');
    expect(readFileSync(path.join(archive, '.stignore'), 'utf8')).toBe('*.tmp');
  });

  test('goes on after a crash between the two', async () => {
    const from = directory();
    mkdirSync(path.join(from, '.stversions'));
    const archive = node.ctx.store.layout.archiveOfImport(FOLDER);
    mkdirSync(path.join(archive, '.stfolder'), { recursive: true });
    await begin('photos');
    expect(existsSync(path.join(archive, '.stversions'))).toBe(true);
    expect(existsSync(path.join(data, '.stversions'))).toBe(false);
  });

  test('a directory that is no folder of Syncthing keeps what looks like it', async () => {
    writeFileSync(path.join(directory(), '.stignore'), 'mine');
    await begin('photos');
    expect(readFileSync(path.join(data, '.stignore'), 'utf8')).toBe('mine');
  });

  test('is asked for where it is missing, and nothing is made in its place', async () => {
    await expect(begin('photos')).rejects.toThrow(/import\/photos is missing on n1/);
    expect(existsSync(data)).toBe(false);
    directory();
    await requireImport(node.ctx, FOLDER, 'photos');
  });

  test.each(['../volumes', 'a/b', '.hidden', ''])('never is %j', async (name) => {
    await expect(begin(name)).rejects.toThrow(/no name of a directory/);
  });

  test('is never what a link leads to, nor a file', async () => {
    const { imports } = node.ctx.store.layout;
    symlinkSync('/etc', path.join(imports, 'link'));
    writeFileSync(path.join(imports, 'file'), '');
    await expect(begin('link')).rejects.toThrow('is no directory');
    await expect(begin('file')).rejects.toThrow('is no directory');
  });
});
