import { expect, test } from 'vitest';
import { IN_SYNC } from '../../test/builders/folder-status.ts';
import type { FolderStatus } from './client.ts';
import { FirstScans } from './first-scans.ts';
import type { DaemonView } from './observe-daemon.ts';
import { observeFolder } from './observe-folder.ts';

const call = { signal: AbortSignal.timeout(10_000) };
const daemon: DaemonView = {
  deviceId: 'SELF',
  startTime: '2026-01-01T00:00:00Z',
  connected: new Set(['P']),
  lastScans: new Map([['v', Date.parse('2026-01-01T00:00:05Z')]]),
  now: Date.parse('2026-01-01T00:01:00Z'),
};
const idle: FolderStatus = { ...IN_SYNC, sequence: 7, remoteSequence: { P: 5 } };

/** A daemon in which something happens before each call; says which calls were made, in order. */
function changingDaemon(statuses: readonly Partial<FolderStatus>[]) {
  const calls: string[] = [];
  const left = [...statuses];
  return {
    calls,
    client: {
      systemStatus: async () => ({ myID: 'SELF', startTime: daemon.startTime, uptimeSeconds: 60 }),
      folder: async () => ({
        id: 'v',
        label: '',
        path: '/v',
        type: 'receiveonly' as const,
        paused: false,
        devices: [{ deviceID: 'P' }],
      }),
      folderStatus: async () => {
        calls.push('status');
        return { ...idle, ...left.shift() };
      },
      folderErrors: async () => [],
      completion: async (_folder: string, { deviceId }: { readonly deviceId?: string }) => {
        calls.push(deviceId === undefined ? 'own sequence' : `sequence of ${deviceId}`);
        return {
          sequence: deviceId === undefined ? 7 : 5,
          needItems: 0,
          needDeletes: 0,
          needBytes: 0,
          globalItems: 0,
          globalBytes: 0,
          remoteState: 'valid' as const,
        };
      },
      remoteNeed: async () => {
        calls.push('remote need');
        return { empty: true, names: [] };
      },
      scan: async () => {
        calls.push('barrier');
      },
    },
  };
}

const wanted = { folderId: 'v', peers: [{ node: 'n', deviceId: 'P' }], daemon };

test('an index that arrives while reading is not taken for received', async () => {
  const { client } = changingDaemon([
    { remoteSequence: { P: 5 } },
    { remoteSequence: { P: 6 }, sequence: 8 },
  ]);
  const report = await observeFolder(client, { ...wanted, firstScans: new FirstScans() }, call);
  expect(report).toMatchObject({ needItems: 0, sequence: 8, peers: [{ knownSequence: 5 }] });
});

test('known sequences, then needs and the own sequence, then what the peers need', async () => {
  const { client, calls } = changingDaemon([]);
  await observeFolder(client, { ...wanted, firstScans: new FirstScans() }, call);
  expect(calls).toEqual(['status', 'status', 'remote need', 'barrier']);
});

test('the same order with a daemon that gives no sequences in its status', async () => {
  const { client, calls } = changingDaemon([]);
  const { remoteSequence: _none, ...older } = idle;
  async function folderStatus(): Promise<FolderStatus> {
    calls.push('status');
    return older;
  }
  const firstScans = new FirstScans();
  const report = await observeFolder({ ...client, folderStatus }, { ...wanted, firstScans }, call);
  expect(calls).toEqual(['status', 'sequence of P', 'status', 'own sequence', 'remote need', 'barrier']);
  expect(report).toMatchObject({ sequence: 7, peers: [{ knownSequence: 5 }] });
});

test('without peers nothing is asked for them', async () => {
  const { client, calls } = changingDaemon([]);
  const alone = { ...wanted, peers: [], firstScans: new FirstScans() };
  await observeFolder(client, alone, call);
  await observeFolder(client, alone, call);
  expect(calls).toEqual(['status', 'barrier', 'status']);
});

test.each([
  ['before this life', '2025-12-31T23:59:59Z'],
  ['after now, by a clock that was set back', '2026-01-01T00:02:00Z'],
])('a last scan %s is none', async (_when, lastScan) => {
  const { client, calls } = changingDaemon([]);
  const lastScans = new Map([['v', Date.parse(lastScan)]]);
  const report = await observeFolder(
    client,
    { ...wanted, peers: [], daemon: { ...daemon, lastScans }, firstScans: new FirstScans() },
    call,
  );
  expect(report).toMatchObject({ scanned: false });
  expect(calls).toEqual(['status']);
});

test('a folder that does not run has counts that mean nothing, and proves nothing', async () => {
  const stopped = { state: 'not-running' as const };
  const { client } = changingDaemon([stopped, stopped]);
  const report = await observeFolder(client, { ...wanted, firstScans: new FirstScans() }, call);
  expect(report).toMatchObject({
    state: 'not-running',
    scanned: false,
    peers: [{ knownSequence: 0, remoteNeedEmpty: false }],
  });
});
