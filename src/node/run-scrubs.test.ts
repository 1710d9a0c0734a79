import { mkdirSync, utimesSync, writeFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  createNodeUnderTest,
  giveOrder,
  NODE,
  seedVolume,
  type NodeUnderTest,
} from '../../test/builders/test-node.ts';
import { folder, handoffBase } from '../../test/builders/volume-view.ts';
import type { FolderReport } from '../desired/replica.ts';
import type { ScrubFinding, ScrubReport, ScrubRequest } from '../desired/scrub.ts';
import type { Occurrence } from '../kubernetes/event-recorder.ts';
import { exponentialBackoff } from '../runtime/backoff.ts';
import type { NodeContext } from './context.ts';
import { createJobs } from './jobs.ts';
import { createScrubs } from './run-scrubs.ts';

type Request = Omit<ScrubRequest, 'syncthing'>;

const HOUR = 3_600_000;
const signal = AbortSignal.timeout(60_000);
const counter = { add: () => undefined };

let node: NodeUnderTest;
let volumeId: string;
let now: number;
/** What the scrubber was asked, and what it is to answer; without an answer it fails. */
let asked: Request[];
let answers: ScrubReport[];
let told: Pick<Occurrence, 'reason' | 'message'>[];
let seen: FolderReport;
/** Paths that Syncthing was told to scan. */
let scanned: (readonly string[] | undefined)[];

beforeEach(async () => {
  node = await createNodeUnderTest();
  now = Date.now();
  [asked, answers, told, scanned] = [[], [], [], []];
  seen = folder(['n2']);
  const { storeId } = node.ctx.store;
  const holders = [...handoffBase(['n2']).holders, { node: NODE, storeId, sequence: 10 }];
  const volume = seedVolume(node, { status: { epoch: 1, base: handoffBase([], { holders }) } });
  volumeId = volume.volumeId;
  await giveOrder(node, volume, { type: 'receiveonly', scrub: { requestedAt: new Date(now).toISOString() } });
  const { data } = node.ctx.store.layout.volume(volumeId);
  mkdirSync(data);
  writeFileSync(path.join(data, 'a'), 'a');
  utimesSync(path.join(data, 'a'), 1, 1);
});
afterEach(() => node[Symbol.dispose]());

function report(given: Partial<ScrubReport> = {}): ScrubReport {
  return { done: true, files: 1, bytes: 1, skipped: 0, findings: [], cursor: 'data/a', ...given };
}

/** The service after a start; what it knows is on the disk. */
function started(under: NodeUnderTest = node): (until: AbortSignal) => Promise<boolean> {
  const { volumes } = node.ctx;
  const syncthing: NodeContext['syncthing'] = {
    ...under.ctx.syncthing,
    systemStatus: async () => ({ myID: 'OWN-REST', startTime: '', uptimeSeconds: 1 }),
    folder: async (id) => ({ id, label: '', path: '', type: 'receiveonly', paused: false, devices: [] }),
    file: async () => ({ availability: ['DEVICE-n2'] }),
    scan: async (_, { sub }) => void scanned.push(sub),
  };
  const events = { record: (occurrence: Occurrence) => void told.push(occurrence) };
  const clock = { ...under.ctx.clock, now: () => now };
  const ctx: NodeContext = { ...under.ctx, volumes, syncthing, events, clock };
  delete volumes.record(volumeId).scrub;
  return createScrubs({
    ctx,
    observer: { observe: async () => ({ kind: 'observed', report: seen }) },
    jobs: createJobs(ctx, exponentialBackoff({ firstMs: 1, maxMs: 1, random: () => 0 }), signal),
    scrubber: async (request) => {
      asked.push(request);
      const answer = answers.shift();
      if (answer === undefined) throw new Error('no disk');
      return answer;
    },
    settings: { intervalMs: 24 * HOUR, bytesPerSecond: 5 },
    tally: { files: counter, bytes: counter, differing: counter, repaired: counter },
    random: () => 0,
  });
}

function record() {
  return node.ctx.scrubs.read(volumeId);
}

async function untilIdle(step: (until: AbortSignal) => Promise<boolean>): Promise<void> {
  while (await step(signal));
}

function finding(given: Partial<ScrubFinding> = {}): ScrubFinding {
  const rest = { reason: 'r', modifiedBy: 'OTHER', changedAt: new Date(now).toISOString() };
  return { name: 'data/a', kind: 'differs', ...rest, ...given };
}

test('a copy is scanned, compared in passes, and rests for an interval', async () => {
  answers = [report({ done: false }), report({ cursor: 'data/b' })];
  const step = started();
  await untilIdle(step);
  expect(scanned).toEqual([undefined]);
  expect(asked.map(({ cursor, bytesPerSecond }) => ({ cursor, bytesPerSecond }))).toEqual([
    { cursor: undefined, bytesPerSecond: 5 },
    { cursor: 'data/a', bytesPerSecond: 5 },
  ]);
  expect((await record())?.last).toMatchObject({ files: 2, bytes: 2, repaired: 0, differing: [] });
  expect(await step(signal)).toBe(false);
  now += 24 * HOUR + 1;
  answers = [report()];
  await untilIdle(step);
  expect(asked).toHaveLength(3);
});

test('after a restart it goes on where it was', async () => {
  answers = [report({ done: false })];
  const step = started();
  for (let steps = 0; steps < 3; steps += 1) expect(await step(signal)).toBe(true);
  answers = [report({ cursor: 'data/b' })];
  await untilIdle(started(await node.restarted()));
  expect(asked.map(({ cursor }) => cursor)).toEqual([undefined, 'data/a']);
  expect(scanned).toHaveLength(1);
  expect((await record())?.last).toMatchObject({ files: 2 });
});

test('what fails is told, waits a while, and keeps nobody else', async () => {
  const step = started();
  await untilIdle(step);
  expect((await record())?.failing?.message).toBe('no disk');
  expect(asked).toHaveLength(1);
  answers = [report()];
  expect(await step(signal)).toBe(false);
  now += HOUR;
  await untilIdle(step);
  expect((await record())?.failing).toBeUndefined();
  expect((await record())?.last).toMatchObject({ files: 1 });
});

test('a copy whose state cannot be read has no turn, and throws nothing', async () => {
  writeFileSync(node.ctx.store.layout.volume(volumeId).stateFile, 'not JSON');
  expect(await started()(signal)).toBe(false);
  expect(asked).toEqual([]);
});

test('what is in the way is told when it stays', async () => {
  seen = folder(['n2'], { needItems: 3 });
  const step = started();
  expect(await step(signal)).toBe(false);
  expect((await record())?.failing).toBeUndefined();
  now += 60_000;
  expect(await step(signal)).toBe(false);
  const failing = (await record())?.failing;
  expect(failing?.message).toContain('waits: 3 item(s)');
  expect(Date.parse(failing?.since ?? '')).toBe(now - 60_000);
});

test('a file that rotted is touched and scanned once, and compared again when it was fetched', async () => {
  answers = [report({ files: 2, findings: [finding()] }), report({ files: 1 })];
  const step = started();
  const file = path.join(node.ctx.store.layout.volume(volumeId).data, 'a');
  for (let steps = 0; steps < 4; steps += 1) expect(await step(signal)).toBe(true);
  expect(scanned).toEqual([undefined, ['data/a']]);
  expect(statSync(file).mtimeMs).toBeCloseTo(now, -1);
  seen = folder(['n2'], { receiveOnlyItems: 1 });
  expect(await step(signal)).toBe(false);
  seen = folder(['n2']);
  await untilIdle(step);
  expect(asked.at(-1)).toMatchObject({ only: ['data/a'] });
  expect((await record())?.last).toMatchObject({ files: 2, repaired: 1, differing: [] });
  expect(told.map(({ reason }) => reason)).toEqual(['Repaired']);
});

test('a file that nobody else can have is told and left as it is', async () => {
  seen = folder(['n2'], { peers: [] });
  answers = [report({ findings: [finding()] })];
  await untilIdle(started());
  expect(scanned).toEqual([undefined]);
  expect((await record())?.last).toMatchObject({ repaired: 0, differing: ['data/a'] });
  expect(told).toMatchObject([{ reason: 'Differs', message: expect.stringContaining('no other copy') }]);
});

test('a file that rotted is not touched where this disk has become the only holder meanwhile', async () => {
  const { storeId } = node.ctx.store;
  seedVolume(node, {
    status: { epoch: 1, base: handoffBase([], { holders: [{ node: NODE, storeId, sequence: 10 }] }) },
  });
  answers = [report({ findings: [finding()] }), report({ findings: [finding()] })];
  await untilIdle(started());
  expect(scanned).toEqual([undefined]);
  expect((await record())?.last).toMatchObject({ repaired: 0, differing: ['data/a'] });
});

test('the writer is compared without a scan of the scrub', async () => {
  seen = folder(['n2'], { type: 'sendreceive', state: 'scanning' });
  answers = [report({ findings: [finding()] })];
  await untilIdle(started());
  expect(scanned).toEqual([]);
  expect(told).toMatchObject([{ reason: 'Differs', message: expect.stringContaining('unseen') }]);
});
