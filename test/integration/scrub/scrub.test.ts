import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { scrubReport } from '../../../src/desired/scrub-schema.ts';
import type { ScrubReport, ScrubRequest } from '../../../src/desired/scrub.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { silentLogger } from '../../../src/runtime/logger.ts';
import { helperCommand } from '../../../src/runtime/program.ts';
import { runHelper } from '../../../src/runtime/subprocess.ts';
import { scrubCopy } from '../../../src/scrubber/scrub-copy.ts';
import { startDaemon, type Daemon } from '../syncthing/daemon.ts';
import { callOptions, introduce, rootOf, share, untilProven, write, type Peer } from '../syncthing/peers.ts';
import { flipByte } from './rot.ts';

type Real = Daemon & Peer;
let writer: Real;
let copy: Real;
const call = callOptions;

async function real(): Promise<Real> {
  const daemon = await startDaemon();
  async function restart(): Promise<void> {
    await daemon.kill();
    await daemon.start();
  }
  return Object.assign(daemon, { restart });
}

beforeAll(async () => {
  [writer, copy] = [await real(), await real()];
  await introduce([writer, copy]);
});
afterAll(async () => {
  for (const daemon of [writer, copy]) await daemon?.[Symbol.asyncDispose]();
});

function requestOf(peer: Real, folderId: string, given: Partial<ScrubRequest> = {}): ScrubRequest {
  return {
    folderId,
    root: rootOf(peer, folderId),
    syncthing: { socketPath: peer.socketPath, apiKeyFile: path.join(peer.home, 'api-key') },
    bytesPerSecond: 1_000_000_000,
    budgetMs: 60_000,
    ...given,
  };
}

async function scrub(peer: Real, folderId: string, given: Partial<ScrubRequest> = {}): Promise<ScrubReport> {
  const request = requestOf(peer, folderId, given);
  const budget = { clock: systemClock, endsAt: systemClock.now() + request.budgetMs };
  return scrubCopy(request, { client: peer.client, budget, signal: AbortSignal.timeout(60_000) });
}

async function shareFiles(folderId: string, files: Readonly<Record<string, string>>): Promise<void> {
  await share(folderId, writer, copy);
  for (const [name, content] of Object.entries(files)) write(writer, folderId, name, content);
  await writer.client.scan(folderId, call());
  await untilProven(folderId, writer, copy);
}

const MEBIBYTE = 1024 * 1024;

test('copies of files of every kind are the same as the index says, on the writer and on a receiver', async () => {
  await shareFiles('clean', {
    'data/empty': '',
    'data/small': 'text',
    'data/block': 'x'.repeat(128 * 1024),
    'data/dir/blocks': 'y'.repeat(3 * MEBIBYTE + 1),
    'data/dir/ünï 🙂': 'name',
    '.epoch': 'not of the pods',
  });
  fs.symlinkSync('small', path.join(rootOf(writer, 'clean'), 'data/link'));
  await writer.client.scan('clean', call());
  await untilProven('clean', writer, copy);
  const expected = { done: true, files: 5, skipped: 0, findings: [] };
  expect(await scrub(writer, 'clean')).toMatchObject(expected);
  expect(await scrub(copy, 'clean')).toMatchObject({ ...expected, bytes: 3 * MEBIBYTE + 1 + 128 * 1024 + 8 });
});

test('a file that grew keeps the size of its blocks', async () => {
  const folderId = 'grown';
  await share(folderId, writer, copy);
  const file = path.join(rootOf(writer, folderId), 'data/grown');
  fs.mkdirSync(path.dirname(file));
  // 2000 blocks of 128 KiB are where the next size begins.
  for (const size of [249 * MEBIBYTE, 251 * MEBIBYTE]) {
    fs.writeFileSync(file, '');
    fs.truncateSync(file, size);
    await writer.client.scan(folderId, call());
  }
  expect(await scrub(writer, folderId)).toMatchObject({ done: true, files: 1, findings: [] });
});

test('a byte that flipped is found where size and time are as they were', async () => {
  await shareFiles('rot', { 'data/a': 'a', 'data/big': 'z'.repeat(MEBIBYTE), 'data/c': 'c' });
  flipByte(path.join(rootOf(copy, 'rot'), 'data/big'), 700_000);
  await copy.client.scan('rot', call());
  expect(await copy.client.folderStatus('rot', call())).toMatchObject({ receiveOnlyTotalItems: 0 });
  const report = await scrub(copy, 'rot');
  expect(report).toMatchObject({ done: true, files: 3, findings: [{ name: 'data/big', kind: 'differs' }] });
  expect(writer.deviceId.startsWith(report.findings[0]?.modifiedBy ?? 'none')).toBe(true);
  expect(await scrub(writer, 'rot')).toMatchObject({ findings: [] });
});

test('what changed since the last scan is not judged', async () => {
  await shareFiles('changing', { 'data/a': 'a', 'data/b': 'b' });
  write(writer, 'changing', 'data/a', 'c');
  write(writer, 'changing', 'data/new', 'new');
  expect(await scrub(writer, 'changing')).toMatchObject({ done: true, files: 1, skipped: 2, findings: [] });
});

test('a pass whose budget is over goes on where it was', async () => {
  const names = ['data/a', 'data/b/c', 'data/b/d', 'data/b!', 'data/e'];
  await shareFiles('resumed', Object.fromEntries(names.map((name) => [name, name])));
  flipByte(path.join(rootOf(copy, 'resumed'), 'data/e'), 0);
  const reports: ScrubReport[] = [];
  for (let cursor: string | undefined; reports.at(-1)?.done !== true; cursor = reports.at(-1)?.cursor)
    reports.push(await scrub(copy, 'resumed', { budgetMs: 0, ...(cursor !== undefined && { cursor }) }));
  expect(reports.map(({ files }) => files)).toEqual([1, 1, 1, 1, 1]);
  expect(reports.map(({ cursor }) => cursor)).toEqual([
    'data/a',
    'data/b/c',
    'data/b/d',
    'data/b!',
    'data/e',
  ]);
  expect(reports.flatMap(({ findings }) => findings)).toMatchObject([{ name: 'data/e' }]);
});

test('as a program of its own', async () => {
  await shareFiles('program', { 'data/a': 'a' });
  const result = await runHelper({
    name: 'scrubber',
    command: helperCommand({
      node: process.execPath,
      callerFile: path.resolve('src/node/main.ts'),
      name: 'scrubber',
    }),
    input: requestOf(copy, 'program'),
    report: scrubReport,
    timeoutMs: 60_000,
    killAfterMs: 1_000,
    log: silentLogger,
    signal: AbortSignal.timeout(60_000),
    env: {},
  });
  expect(result).toMatchObject({ kind: 'ok', report: { done: true, files: 1, findings: [] } });
});
