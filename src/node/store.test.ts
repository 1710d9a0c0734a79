import { mkdtempSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openStore } from './store.ts';

let directory: string;
beforeEach(() => {
  directory = path.join(mkdtempSync(path.join(os.tmpdir(), 'store-')), 'data');
});
afterEach(() => rmSync(path.dirname(directory), { recursive: true }));

const owner = { driverName: 'one.test', namespace: 'ns' };

test('a store keeps its id, also when it is opened twice at once', async () => {
  const [first, second] = await Promise.all([openStore(directory, owner), openStore(directory, owner)]);
  expect(second.storeId).toBe(first.storeId);
  expect((await openStore(directory, owner)).storeId).toBe(first.storeId);
  expect(statSync(first.layout.volumes).isDirectory()).toBe(true);
});

test('a disk that lost its id is another store', async () => {
  const { storeId, layout } = await openStore(directory, owner);
  unlinkSync(layout.storeIdFile);
  expect((await openStore(directory, owner)).storeId).not.toBe(storeId);
});

test.each([
  { driverName: 'two.test', namespace: 'ns' },
  { driverName: 'one.test', namespace: 'other' },
])('another instance, $driverName in $namespace, is refused and both are named', async (other) => {
  await openStore(directory, owner);
  await expect(openStore(directory, other)).rejects.toMatchObject({
    kind: 'foreign-owner',
    message: expect.stringMatching(
      `one.test in namespace ns, .*${other.driverName} in namespace ${other.namespace}`,
    ),
  });
});

test.each(['ownerFile', 'storeIdFile'] as const)('an unreadable %s is not guessed', async (file) => {
  const { layout } = await openStore(directory, owner);
  writeFileSync(layout[file], '{');
  await expect(openStore(directory, owner)).rejects.toMatchObject({ kind: 'corrupt-state' });
});
