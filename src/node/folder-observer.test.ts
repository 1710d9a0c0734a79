import { expect, test } from 'vitest';
import { IN_SYNC } from '../../test/builders/folder-status.ts';
import { replica } from '../../test/builders/volume-view.ts';
import { createFakeClock } from '../runtime/fake-clock.ts';
import { createFolderObserver } from './folder-observer.ts';

const START = Date.parse('2026-01-01T00:00:00Z');
const { spec } = replica('n1', []);
const signal = AbortSignal.timeout(10_000);
const idle = { ...IN_SYNC, sequence: 0, remoteSequence: {} };

/** A daemon with one folder, scanned once `lastScan` says so; counts how often its scans are asked for. */
function daemon() {
  const it = { asked: 0, lastScan: undefined as number | undefined };
  const client = {
    systemStatus: async () => ({
      myID: 'SELF',
      startTime: new Date(START).toISOString(),
      uptimeSeconds: 1,
    }),
    connections: async () => new Map(),
    lastScans: async () => {
      it.asked += 1;
      return new Map(it.lastScan === undefined ? [] : [[spec.folderId, it.lastScan]]);
    },
    folder: async () => ({
      id: spec.folderId,
      label: '',
      path: '/v',
      type: 'receiveonly' as const,
      paused: false,
      devices: [],
    }),
    folderStatus: async () => idle,
    folderErrors: async () => [],
    completion: async () => Promise.reject(new Error('not asked')),
    remoteNeed: async () => Promise.reject(new Error('not asked')),
    scan: async () => undefined,
  };
  return { it, client };
}

test('a scan that ended since the last look is seen at once', async () => {
  const clock = createFakeClock(START + 10_000);
  const { it, client } = daemon();
  const observer = createFolderObserver(client, clock, { of: async () => 'index' });
  expect(await observer.observe(spec, signal)).toMatchObject({ report: { scanned: false } });
  await clock.advance(100);
  it.lastScan = START + 10_000;
  expect(await observer.observe(spec, signal)).toMatchObject({ report: { scanned: true } });
});

test('what all folders have in common is not asked for again within a moment', async () => {
  const clock = createFakeClock(START + 10_000);
  const { it, client } = daemon();
  it.lastScan = START + 5_000;
  const observer = createFolderObserver(client, clock, { of: async () => 'index' });
  for (let look = 0; look < 5; look += 1) await observer.observe(spec, signal);
  expect(it.asked).toBe(1);
});
