import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLogger } from '../runtime/logger.ts';
import { createIndexMark } from './index-mark.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(path.join(os.tmpdir(), 'mark-'));
});
afterEach(() => rmSync(home, { recursive: true }));

/** What a process of ours says that began just now. */
async function told(startTime: string): Promise<string | undefined> {
  return createIndexMark(home, silentLogger).of(startTime);
}

function make(name: string): void {
  mkdirSync(path.join(home, name));
}

test.each(['index-v0.14.0.db', 'index-v2'])(
  '%s has one name for good, and another one when it was lost',
  async (name) => {
    make(name);
    const first = await told('one');
    expect(first).toMatch(/^[-0-9a-f]{36}$/);
    expect(await told('two')).toBe(first);
    rmSync(path.join(home, name), { recursive: true });
    make(name);
    expect(await told('three')).toMatch(/^[-0-9a-f]{36}$/);
    expect(await told('three')).not.toBe(first);
  },
);

test('what Syncthing 2 makes of an older database is no other one, but what it makes anew later is', async () => {
  make('index-v0.14.0.db');
  const first = await told('one');
  renameSync(path.join(home, 'index-v0.14.0.db'), path.join(home, 'index-v0.14.0.db-migrated'));
  make('index-v2');
  expect(await told('two')).toBe(first);
  expect(existsSync(path.join(home, 'index-v0.14.0.db-migrated/syncthing-csi'))).toBe(false);
  rmSync(path.join(home, 'index-v2'), { recursive: true });
  make('index-v2');
  expect(await told('three')).not.toBe(first);
});

test('within a life of the daemon it is the same, whatever becomes of the directory meanwhile', async () => {
  make('index-v2');
  const mark = createIndexMark(home, silentLogger);
  const first = await mark.of('one');
  rmSync(path.join(home, 'index-v2'), { recursive: true });
  make('index-v2');
  expect(await mark.of('one')).toBe(first);
  expect(existsSync(path.join(home, 'index-v2/syncthing-csi'))).toBe(false);
  const second = await mark.of('two');
  expect(second).not.toBe(first);
  expect(readFileSync(path.join(home, 'index-v2/syncthing-csi'), 'utf8')).toBe(`${second}\n`);
});

test('what is no name of ours counts as none, and an older mark that was left goes', async () => {
  make('index-v2');
  make('index-v0.14.0.db-migrated');
  const older = path.join(home, 'index-v0.14.0.db-migrated/syncthing-csi');
  writeFileSync(path.join(home, 'index-v2/syncthing-csi'), 'x'.repeat(200));
  expect(await told('one')).toMatch(/^[-0-9a-f]{36}$/);
  writeFileSync(older, '01234567-0123-0123-0123-0123456789ab\n');
  expect(await told('two')).toMatch(/^[-0-9a-f]{36}$/);
  expect(existsSync(older)).toBe(false);
});

test('nothing is told before there is a database, or where its directory is none', async () => {
  expect(await told('one')).toBeUndefined();
  writeFileSync(path.join(home, 'index-v2'), '');
  expect(await told('one')).toBeUndefined();
});
