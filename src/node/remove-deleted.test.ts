import { existsSync, linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FILE_VERSION } from '../../test/builders/file-version.ts';
import type { FileEntry, FileVersion, SyncthingClient } from '../syncthing/client.ts';
import { removeDeleted } from './remove-deleted.ts';

let directory: string;
let scanned: readonly string[] | undefined;
/** Names whose last version is a deletion, for all copies. */
let deleted: ReadonlySet<string>;

beforeEach(() => {
  directory = mkdtempSync(path.join(os.tmpdir(), 'gone-'));
  for (const name of ['root/data', 'archive/data', 'elsewhere'])
    mkdirSync(path.join(directory, name), { recursive: true });
  scanned = undefined;
});
afterEach(() => rmSync(directory, { recursive: true }));

function at(...names: readonly string[]): string {
  return path.join(directory, ...names);
}

/** A file of the copy, with its second name in the archive. */
function setAside(name: string): void {
  writeFileSync(at('root', name), name);
  linkSync(at('root', name), at('archive', name));
}

async function remove(names: readonly string[]): Promise<number> {
  const version: FileVersion = { ...FILE_VERSION, version: ['OTHER:1'] };
  const syncthing: Pick<SyncthingClient, 'file' | 'scan'> = {
    file: async (_, name): Promise<FileEntry> =>
      await Promise.resolve({
        local: version,
        global: { ...version, deleted: deleted.has(name) },
        availability: [],
      }),
    scan: async (_, { sub }) => await Promise.resolve(void (scanned = sub)),
  };
  const options = { folderId: 'v', root: at('root'), archive: at('archive'), names };
  return removeDeleted(syncthing, options, AbortSignal.timeout(5_000));
}

test('what the volume deleted goes, what it has stays, and Syncthing looks at what went', async () => {
  for (const name of ['data/gone', 'data/there']) setAside(name);
  deleted = new Set(['data/gone']);
  expect(await remove(['data/gone', 'data/there', 'data/never'])).toBe(1);
  expect(existsSync(at('root/data/gone'))).toBe(false);
  expect(existsSync(at('archive/data/gone'))).toBe(true);
  expect(existsSync(at('root/data/there'))).toBe(true);
  expect(scanned).toEqual(['data/gone']);
});

test('nothing goes that is not kept: another file of that name, or one below a link', async () => {
  setAside('data/other');
  rmSync(at('root/data/other'));
  writeFileSync(at('root/data/other'), 'written since');
  writeFileSync(at('elsewhere/file'), 'of another volume');
  symlinkSync('../../elsewhere', at('root/data/link'));
  mkdirSync(at('archive/data/link'));
  linkSync(at('elsewhere/file'), at('archive/data/link/file'));
  deleted = new Set(['data/other', 'data/link/file']);
  expect(await remove(['data/other', 'data/link/file'])).toBe(0);
  expect(existsSync(at('root/data/other'))).toBe(true);
  expect(existsSync(at('elsewhere/file'))).toBe(true);
  expect(scanned).toBeUndefined();
});
