import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { archivesToImport, listImageArchives } from './image-import.ts';

const archives = [{ file: 'a.tar', version: '1' }];
const known = { 'a.tar': { version: '1', names: ['local.test/a:dev'] } };

describe('archivesToImport', () => {
  it.each([
    ['one that is not known', {}, ['local.test/a:dev'], 1],
    ['none that is known and there', known, ['local.test/a:dev'], 0],
    ['one that changed', { 'a.tar': { version: '0', names: ['local.test/a:dev'] } }, ['local.test/a:dev'], 1],
    ['one whose image the kubelet removed', known, [], 1],
  ])('wants %s', (_, imported, present, count) => {
    expect(archivesToImport(archives, imported, new Set(present))).toHaveLength(count);
  });
});

describe('listImageArchives', () => {
  let directory = '';
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'images-'));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  it('finds tars only, in a fixed order, and sees a change', () => {
    mkdirSync(join(directory, 'folder'));
    for (const name of ['b.tar', 'a.tar', 'notes.txt', 'c.tar.tmp'])
      writeFileSync(join(directory, name), 'x');
    const before = listImageArchives(directory);
    expect(before.map((archive) => archive.file)).toEqual(['a.tar', 'b.tar']);
    writeFileSync(join(directory, 'a.tar'), 'longer');
    expect(listImageArchives(directory)[0]?.version).not.toBe(before[0]?.version);
  });

  it('takes a folder that is missing for an empty one', () => {
    expect(listImageArchives(join(directory, 'none'))).toEqual([]);
  });
});
