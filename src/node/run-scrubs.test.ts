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
import { folder, grantTo, handoffBase, holder, replica, storeOf } from '../../test/builders/volume-view.ts';
import type { FolderReport } from '../desired/replica.ts';
import type { ScrubFinding, ScrubReport } from '../desired/scrub.ts';
import type { SyncthingVolumeStatus } from '../desired/volume.ts';
import type { Occurrence } from '../kubernetes/event-recorder.ts';
import { SYNCTHING_REPLICAS } from '../kubernetes/resource-kind.ts';
import { exponentialBackoff } from '../runtime/backoff.ts';
import { FILE_VERSION } from '../../test/builders/file-version.ts';
import type { FileVersion } from '../syncthing/client.ts';
import type { NodeContext } from './context.ts';
import { createJobs } from './jobs.ts';
import { createScrubs } from './run-scrubs.ts';
import { scrubStatus } from './scrub-status.ts';
import type { ScrubOrder } from './scrub-steps.ts';

const HOUR = 3_600_000;
const signal = AbortSignal.timeout(60_000);
const counter = { add: () => undefined };

let node: NodeUnderTest;
let volumeId: string;
let now: number;
/** What the scrubber was asked, and what it is to answer; without an answer it fails. */
let asked: ScrubOrder[];
let answers: ScrubReport[];
let told: Pick<Occurrence, 'reason' | 'message'>[];
let seen: FolderReport;
/** Paths that Syncthing was told to scan. */
let scanned: (readonly string[] | undefined)[];
/** What is to be said of the copy reaches the API server at once. */
let isReported: boolean;
/** Whether the volume's lock was held at the scan that a repair makes. */
let isLockFree: boolean;

beforeEach(async () => {
  node = await createNodeUnderTest();
  now = Date.now();
  [asked, answers, told, scanned] = [[], [], [], []];
  [isReported, isLockFree] = [true, true];
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
  const nothing = { skipped: 0, findings: [], matched: [] };
  return { done: true, files: 1, bytes: 1, cursor: 'data/a', ...nothing, ...given };
}

/** The index's entry of every file. */
const VERSION: FileVersion = { ...FILE_VERSION, blocksHash: 'proven', version: ['OTHER:1'] };
const MATCH = { name: 'data/a', blocksHash: 'proven', modifiedBy: 'OTHER' };

/** As the reporter does. */
function writeReport(): void {
  const record = node.ctx.volumes.record(volumeId);
  const scrubbed = scrubStatus(record.scrub);
  const { status } = replica(NODE, ['n2'], { status: scrubbed === undefined ? {} : { scrubbed } });
  if (status !== undefined && isReported) record.written = { uid: record.order?.uid ?? '', at: now, status };
}

/** The service after a start; what it knows is on the disk. */
function started(under: NodeUnderTest = node): (until: AbortSignal) => Promise<boolean> {
  const { volumes } = node.ctx;
  const syncthing: NodeContext['syncthing'] = {
    ...under.ctx.syncthing,
    systemStatus: async () => ({ myID: 'OWN-REST', startTime: '', uptimeSeconds: 1 }),
    folder: async (id) => ({ id, label: '', path: '', type: 'receiveonly', paused: false, devices: [] }),
    file: async () => ({ local: VERSION, global: VERSION, availability: ['DEVICE-n2'] }),
    folderStatus: async () => ({ ...COUNTS, localBytes: 77 }),
    scan: async (_, { sub }) => {
      scanned.push(sub);
      if (sub !== undefined) await ctx.mutex.run(volumeId, async () => void (isLockFree = true));
    },
  };
  const events = { record: (occurrence: Occurrence) => void told.push(occurrence) };
  const clock = { ...under.ctx.clock, now: () => now };
  const wake = { ...under.ctx.wake, volume: writeReport };
  const ctx: NodeContext = { ...under.ctx, volumes, syncthing, events, clock, wake };
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

const COUNTS = {
  state: 'idle',
  errors: 0,
  sequence: 1,
  needTotalItems: 0,
  needDeletes: 0,
  needBytes: 0,
  receiveOnlyTotalItems: 0,
  globalTotalItems: 1,
  globalBytes: 1,
  localTotalItems: 1,
} as const;

function record() {
  return node.ctx.scrubs.read(volumeId);
}

async function untilIdle(step: (until: AbortSignal) => Promise<boolean>): Promise<void> {
  while (await step(signal));
}

function finding(given: Partial<ScrubFinding> = {}): ScrubFinding {
  const rest = { reason: 'r', blocksHash: 'proven', modifiedBy: 'OTHER' };
  return { name: 'data/a', kind: 'differs', changedAt: new Date(now).toISOString(), ...rest, ...given };
}

test('a copy is scanned, compared in passes, and rests for an interval', async () => {
  answers = [report({ done: false }), report({ cursor: 'data/b' })];
  const step = started();
  await untilIdle(step);
  expect(scanned).toEqual([undefined]);
  expect(asked).toMatchObject([{ bytesPerSecond: 5, copyBytes: 77 }, { cursor: 'data/a' }]);
  expect(asked[0]).not.toHaveProperty('cursor');
  expect((await record())?.last).toMatchObject({ files: 2, bytes: 2, repaired: 0, differing: 0 });
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
  expect(failing?.message).toBe('waits: items are still to come');
  expect(Date.parse(failing?.since ?? '')).toBe(now - 60_000);
  const written = node.ctx.volumes.record(volumeId).scrub;
  seen = folder(['n2'], { needItems: 2 });
  now += 60_000;
  expect(await step(signal)).toBe(false);
  expect(node.ctx.volumes.record(volumeId).scrub).toBe(written);
});

test.each([
  [5_000, 5_000],
  [600_000, 30_000],
])('a copy that could not be scrubbed for %d ms is left alone for %d', async (lasts, rest) => {
  seen = folder(['n2'], { needItems: 3 });
  const step = started();
  expect(await step(signal)).toBe(false);
  now += lasts;
  expect(await step(signal)).toBe(false);
  seen = folder(['n2']);
  now += rest - 1;
  expect(await step(signal)).toBe(false);
  now += 1;
  expect(await step(signal)).toBe(true);
});

test('a file that rotted is touched and scanned once, and compared again when it was fetched', async () => {
  answers = [report({ files: 2, findings: [finding()] }), report({ files: 1, matched: [MATCH] })];
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
  expect((await record())?.last).toMatchObject({ files: 2, repaired: 1, differing: 0 });
  expect(told).toMatchObject([{ reason: 'Repaired', message: expect.stringContaining('data/a on n1') }]);
});

test('what the disk does not give away is told as that', async () => {
  const unread = finding({ name: 'data/d', kind: 'unreadable', reason: 'no luck (EIO)' });
  answers = [report({ findings: [unread] })];
  await untilIdle(started());
  expect(told.map(({ message }) => message)).toEqual([
    'data/d on n1 cannot be read: no luck (EIO): look at the disk, its log says more',
  ]);
  expect((await record())?.last).toMatchObject({ differing: 1, names: ['data/d'] });
});

test('what was not compared again, or has other bytes in the index, is not told as repaired', async () => {
  const [a, b, c] = ['data/a', 'data/b', 'data/c'].map((name) => finding({ name }));
  if (a === undefined || b === undefined || c === undefined) throw new Error('three files');
  const own = { ...MATCH, name: 'data/b', blocksHash: 'other', modifiedBy: 'OWN' };
  answers = [
    report({ files: 9, findings: [a, b, c] }),
    report({ done: false, cursor: 'data/b', files: 2, matched: [MATCH, own] }),
    report({ files: 0, skipped: 1 }),
  ];
  await untilIdle(started());
  expect(asked.slice(1)).toMatchObject([{ only: ['data/a', 'data/b', 'data/c'] }, { only: ['data/c'] }]);
  expect((await record())?.last).toMatchObject({ repaired: 1, differing: 1, names: ['data/b'] });
  const repaired = told.filter(({ reason }) => reason === 'Repaired');
  expect(repaired.map(({ message }) => message)).toEqual([
    'data/a on n1 rotted, and is what was proven again',
  ]);
});

test('nothing is touched before the API server knows that it will be', async () => {
  isReported = false;
  answers = [report({ findings: [finding()] }), report({ matched: [MATCH] })];
  const step = started();
  await untilIdle(step);
  expect(scanned).toEqual([undefined]);
  expect((await record())?.run?.rotten).toHaveLength(1);
  isReported = true;
  writeReport();
  await untilIdle(step);
  expect(scanned).toEqual([undefined, ['data/a']]);
});

test('the scan that a repair makes holds up no call', async () => {
  isLockFree = false;
  answers = [report({ findings: [finding()] }), report({ matched: [MATCH] })];
  await untilIdle(started());
  expect(isLockFree).toBe(true);
});

test('what a pod of this node may have written since it was found is not touched any more', async () => {
  answers = [report({ findings: [finding()] })];
  const step = started();
  for (let steps = 0; steps < 3; steps += 1) expect(await step(signal)).toBe(true);
  expect((await record())?.run?.rotten).toHaveLength(1);
  const state = await node.ctx.states.read(volumeId);
  const scan = { sequence: 1, startedAt: new Date(now + 1).toISOString() };
  if (state !== undefined)
    await node.ctx.states.write({ ...state, phase: { kind: 'released', epoch: 1, session: 1, scan } });
  await untilIdle(step);
  expect(scanned).toEqual([undefined]);
  expect((await record())?.last).toMatchObject({ differing: 1, names: ['data/a'] });
  expect(told).toMatchObject([{ reason: 'Differs', message: expect.stringContaining('unseen') }]);
});

test('a file that the index has other bytes of by now is not touched', async () => {
  answers = [report({ findings: [finding({ blocksHash: 'older' })] }), report()];
  await untilIdle(started());
  expect(scanned).toEqual([undefined]);
});

test('where very much differs at once nothing is touched, and the scrub ends', async () => {
  const findings = Array.from({ length: 100 }, (_, index) => finding({ name: `data/${index}` }));
  answers = [report({ done: false, files: 5000, findings })];
  await untilIdle(started());
  expect(scanned).toEqual([undefined]);
  expect(asked).toHaveLength(1);
  expect(await record()).toMatchObject({
    last: { differing: 100 },
    failing: { message: '100 files differ: look at the disk' },
  });
  expect(told).toMatchObject([{ reason: 'Differs', message: expect.stringContaining('100 of 5000 files') }]);
});

/** The volume while a client writes it, with the roles of the other copies. */
function beWritten(proven: readonly string[], roles: Readonly<Record<string, 'data' | 'client'>>): void {
  const own = { node: NODE, storeId: node.ctx.store.storeId, sequence: 10 };
  const holders = [own, ...proven.map((name) => holder(name))];
  const proof = { epoch: 2, session: 1, sequence: 10, scanStartedAt: '', holders };
  const base = handoffBase([], { holders: [own] });
  const written: Partial<SyncthingVolumeStatus> = { epoch: 2, base, proven: proof, grant: grantTo('n3', 2) };
  const { name } = seedVolume(node, { status: written });
  for (const [other, role] of Object.entries(roles)) {
    const { spec, status: reported } = replica(other, [NODE], { spec: { role, volume: name } });
    expect(reported?.storeId).toBe(storeOf(other));
    const status = { ...reported };
    node.kubernetes.seed(SYNCTHING_REPLICAS, { name: `${name}.${other}`, spec, status });
  }
}

// Handoff rule 27: a copy with changed files is nothing that the volume could go on from.
test.each<[string, readonly string[], Readonly<Record<string, 'data' | 'client'>>, boolean]>([
  ['another data node holds what is proven', ['n2', 'n3'], { n2: 'data', n3: 'client' }, true],
  ['only a client does', ['n2', 'n3'], { n2: 'client', n3: 'client' }, false],
  ['only the writer does', ['n3'], { n2: 'data', n3: 'data' }, false],
  ['the other one is gone', ['n2'], { n3: 'client' }, false],
])(
  'while a client writes a file that rotted is touched where %s: %#',
  async (_, proven, roles, isTouched) => {
    beWritten(proven, roles);
    answers = [report({ findings: [finding()] }), report({ findings: [finding()] })];
    await untilIdle(started());
    expect(scanned).toEqual(isTouched ? [undefined, ['data/a']] : [undefined]);
  },
);

test('a file that rotted is not touched under a pod that was left over', async () => {
  const { data } = node.ctx.store.layout.volume(volumeId);
  const target = path.join(node.kubeletDir, 'pods', 'mount');
  mkdirSync(target, { recursive: true });
  await node.mounter.bind({ source: data, target, readOnly: false }, signal);
  answers = [report({ findings: [finding()] }), report({ findings: [finding()] })];
  await untilIdle(started());
  expect(scanned).toEqual([undefined]);
});

test('a file that nobody else can have is told and left as it is', async () => {
  seen = folder(['n2'], { peers: [] });
  answers = [report({ findings: [finding()] })];
  await untilIdle(started());
  expect(scanned).toEqual([undefined]);
  expect((await record())?.last).toMatchObject({ repaired: 0, differing: 1, names: ['data/a'] });
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
  expect((await record())?.last).toMatchObject({ repaired: 0, differing: 1, names: ['data/a'] });
});

test('the writer is compared without a scan of the scrub', async () => {
  seen = folder(['n2'], { type: 'sendreceive', state: 'scanning' });
  answers = [report({ findings: [finding()] })];
  await untilIdle(started());
  expect(scanned).toEqual([]);
  expect(told).toMatchObject([{ reason: 'Differs', message: expect.stringContaining('unseen') }]);
});
