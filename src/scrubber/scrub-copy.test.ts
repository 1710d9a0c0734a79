import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ScrubReport, ScrubRequest } from '../desired/scrub.ts';
import { createFakeClock } from '../runtime/fake-clock.ts';
import type { FileVersion } from '../syncthing/client.ts';
import { createBlockDigest } from './block-digest.ts';
import { scrubCopy } from './scrub-copy.ts';

const signal = AbortSignal.timeout(30_000);

let root: string;
/** Syncthing's index. */
let index: Map<string, FileVersion>;
beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'scrub-'));
  index = new Map();
});
// Paths that are too long for a call are no hindrance to rm.
afterEach(() => void execFileSync('rm', ['-rf', root]));

function put(name: string, content = name): void {
  const file = path.join(root, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, content);
  note(name);
}

/** In the index as it is on the disk. */
function note(name: string): void {
  const file = path.join(root, name);
  const { size, mtimeNs } = lstatSync(file, { bigint: true });
  const digest = createBlockDigest(128 * 1024, false);
  digest.update(readFileSync(file));
  const [blocksHash = ''] = digest.end();
  const seconds = new Date(Number(mtimeNs / 1_000_000_000n) * 1000).toISOString().slice(0, 19);
  const fraction = String(mtimeNs % 1_000_000_000n).padStart(9, '0');
  index.set(name, entry({ name, size: Number(size), blocksHash, modified: `${seconds}.${fraction}Z` }));
}

function entry(given: Partial<FileVersion>): FileVersion {
  return {
    name: '',
    isDirectory: false,
    deleted: false,
    invalid: false,
    sequence: 1,
    size: 0,
    modified: '',
    modifiedBy: 'OTHER',
    blocksHash: '',
    version: [],
    localFlags: 0,
    ...given,
  };
}

function rot(name: string): void {
  const found = index.get(name);
  if (found !== undefined) index.set(name, { ...found, blocksHash: 'what was proven' });
}

async function scrub(given: Partial<ScrubRequest> = {}): Promise<ScrubReport> {
  const request: ScrubRequest = {
    folderId: 'v-1',
    root,
    syncthing: { socketPath: '', apiKeyFile: '' },
    bytesPerSecond: 2 ** 40,
    budgetMs: 0,
    ...given,
  };
  const client = {
    version: async () => 'v2.1.3',
    async file(_: string, name: string) {
      const local = index.get(name);
      return { ...(local && { local }), availability: [] };
    },
  };
  const clock = createFakeClock();
  return scrubCopy(request, { client, budget: { clock, endsAt: request.budgetMs }, signal });
}

const LONG = 1_000_000;

describe('what the disk does not give away', () => {
  test('is a finding, and the others are looked at', async () => {
    const long = `data/${'x'.repeat(300)}`;
    index.set(long, entry({ name: long, blocksHash: 'hash' }));
    put('data/a');
    const report = await scrub({ only: [long, 'data/a'], budgetMs: LONG });
    expect(report.findings).toMatchObject([
      { name: long, kind: 'unreadable', reason: expect.stringContaining('ENAMETOOLONG') },
    ]);
    expect(report).toMatchObject({ done: true, files: 2, matched: [{ name: 'data/a' }] });
  });

  test('may be a directory with all that is in it', async () => {
    const deep = ['data', ...Array.from({ length: 19 }, () => 'd'.repeat(200))].join('/');
    put(`${deep}/f`);
    execFileSync('mkdir', ['e'.repeat(255)], { cwd: path.join(root, deep) });
    put('data/z');
    const report = await scrub({ budgetMs: LONG });
    const [found] = report.findings;
    expect(found).toMatchObject({ name: `${deep}/${'e'.repeat(255)}`, kind: 'unreadable' });
    expect(report).toMatchObject({ done: true, cursor: 'data/z', files: 3 });
    const rest = await scrub({ budgetMs: LONG, cursor: found?.name ?? '' });
    expect(rest).toMatchObject({ done: true, files: 2, findings: [] });
  });

  test('is no finding where it is gone, or a link now', async () => {
    for (const name of ['data/gone', 'data/a/below']) index.set(name, entry({ name, blocksHash: 'hash' }));
    put('data/a');
    const report = await scrub({ only: ['data/gone', 'data/a/below'], budgetMs: LONG });
    expect(report).toMatchObject({ files: 0, skipped: 2, findings: [] });
  });
});

describe('files that are asked for by name', () => {
  test('are told with what the index says of them', async () => {
    for (const name of ['data/a', 'data/b']) put(name);
    rot('data/b');
    const report = await scrub({ only: ['data/a', 'data/b', 'data/c'], budgetMs: LONG });
    const blocksHash = index.get('data/a')?.blocksHash;
    expect(report.matched).toEqual([{ name: 'data/a', blocksHash, modifiedBy: 'OTHER' }]);
    expect(report.findings).toMatchObject([{ name: 'data/b', blocksHash: 'what was proven' }]);
    expect(report).toMatchObject({ done: true, skipped: 1 });
  });

  test('are left for the next pass when the budget is over', async () => {
    for (const name of ['data/a', 'data/b']) put(name);
    const report = await scrub({ only: ['data/a', 'data/b'] });
    expect(report).toMatchObject({ done: false, cursor: 'data/a', matched: [{ name: 'data/a' }] });
  });
});

test('a pass over all files names none that is as it should be', async () => {
  put('data/a');
  expect(await scrub()).toMatchObject({ done: true, files: 1, matched: [] });
});

test('a pass ends when it has found very much', async () => {
  for (let file = 0; file < 120; file += 1) {
    const name = `data/${String(file).padStart(3, '0')}`;
    put(name);
    rot(name);
  }
  const report = await scrub({ budgetMs: LONG });
  expect(report).toMatchObject({ done: false, cursor: 'data/099' });
  expect(report.findings).toHaveLength(100);
});
