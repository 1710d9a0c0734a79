import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  lstatSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createBlockDigest } from './block-digest.ts';
import { hashFile } from './hash-file.ts';

const BLOCK = 128 * 1024;

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(os.tmpdir(), 'hash-'));
  file = path.join(directory, 'file');
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Of the file as it is now, or as `seen` says; `meanwhile` comes after each piece that was read. */
function hash(meanwhile: () => void = () => undefined, seen = lstatSync(file, { bigint: true })) {
  const pace = { spent: async () => meanwhile() };
  return hashFile(file, { seen, blockSizes: [BLOCK], withAdler: false, pace });
}

test('a file is read to its end', async () => {
  const content = Buffer.alloc(3 * BLOCK + 7, 'x');
  writeFileSync(file, content);
  const digest = createBlockDigest(BLOCK, false);
  digest.update(content);
  expect(await hash()).toEqual(new Set(digest.end()));
});

test('one that is appended to all the time is read no further than it was long', async () => {
  writeFileSync(file, Buffer.alloc(BLOCK));
  let pieces = 0;
  await hash(() => {
    pieces += 1;
    if (pieces < 50) appendFileSync(file, Buffer.alloc(BLOCK));
  });
  expect(pieces).toBe(1);
});

test('a long one that is written to is not read to its end', async () => {
  writeFileSync(file, '');
  truncateSync(file, 80 * 1024 * 1024);
  let pieces = 0;
  const found = await hash(() => {
    pieces += 1;
    if (pieces === 1) utimesSync(file, 1, 1);
  });
  expect(found).toBeUndefined();
  expect(pieces).toBeLessThan((80 * 1024 * 1024) / BLOCK);
});

test('one that shrinks is nothing to judge', async () => {
  writeFileSync(file, Buffer.alloc(3 * BLOCK));
  expect(await hash(() => truncateSync(file, 1))).toBeUndefined();
});

test('what came in its place is neither waited for nor followed', async () => {
  writeFileSync(file, 'file');
  const seen = lstatSync(file, { bigint: true });
  rmSync(file);
  execFileSync('mkfifo', [file]);
  expect(await hash(undefined, seen)).toBeUndefined();
  rmSync(file);
  writeFileSync(path.join(directory, 'other'), 'file');
  symlinkSync('other', file);
  await expect(hash(undefined, seen)).rejects.toMatchObject({ code: 'ELOOP' });
});
