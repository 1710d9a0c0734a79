import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deviceConfig, sameDevice } from '../../../src/syncthing/device-config.ts';
import { folderConfig, peersOf, sameFolder } from '../../../src/syncthing/folder-config.ts';
import { startDaemon, type Daemon } from './daemon.ts';

const call = { signal: AbortSignal.timeout(100_000) };
const PEERS = [
  'P56IOI7-MZJNU2Y-IQGDREY-DM2MGTI-MGL3BXN-PQ6W5BM-TBBZ4TJ-XZWICQ2',
  'LYXKCHX-VI3NYZR-ALCJBHF-WMZYSPK-QG6QJA3-MPFYMSO-U56GTUK-NA2MIAW',
] as const;
let daemon: Daemon;

beforeAll(async () => {
  daemon = await startDaemon();
  const addresses = ['tcp://127.0.0.1:1'] as const;
  await daemon.client.putDevices(
    PEERS.map((deviceId) => deviceConfig({ deviceId, name: 'n', addresses, paused: true })),
    call,
  );
});
afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
});

const folderInput = fc.record({
  folderId: fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,40}$/),
  label: fc.string({ unit: 'grapheme-ascii' }),
  type: fc.constantFrom('sendreceive', 'sendonly', 'receiveonly'),
  peers: fc.subarray([...PEERS]),
});

test('property: what we render is what the daemon says it has', async () => {
  await fc.assert(
    fc.asyncProperty(folderInput, async (input) => {
      const root = path.join(daemon.data, input.folderId);
      fs.mkdirSync(root, { recursive: true });
      const desired = folderConfig({ ...input, path: root });
      await daemon.client.putFolders([desired], call);
      const actual = await daemon.client.folder(input.folderId, call);
      expect(actual).toMatchObject({ label: input.label, type: input.type });
      expect(actual && sameFolder(actual, desired, daemon.deviceId)).toBe(true);
      expect(actual && peersOf(actual, daemon.deviceId).toSorted()).toEqual(input.peers.toSorted());
      await daemon.client.deleteFolder(input.folderId, call);
    }),
    { numRuns: 15 },
  );
});

const deviceInput = fc.record({
  deviceId: fc.constantFrom(...PEERS),
  name: fc.string({ unit: 'grapheme-ascii' }),
  addresses: fc.constantFrom(
    ['tcp://10.0.0.2:22000'] as const,
    ['tcp://[fd00::1]:22000', 'tcp://10.0.0.2:22001'] as const,
  ),
  paused: fc.constant(true),
  allowedNetworks: fc.constantFrom([], ['10.0.0.0/8', 'fd00::/64']),
});

test('property: the same for devices', async () => {
  await fc.assert(
    fc.asyncProperty(deviceInput, async (input) => {
      const desired = deviceConfig(input);
      await daemon.client.putDevices([desired], call);
      const actual = await daemon.client.device(input.deviceId, call);
      expect(actual && sameDevice(actual, desired)).toBe(true);
    }),
    { numRuns: 15 },
  );
});

test('a device that the daemon does not know is dropped from a folder', async () => {
  const unknown = 'MRIW7OK-NETT3M4-N6SBWME-N25O76W-YJKVXPH-FUMQJ3S-P57B74J-GBITBAC';
  const root = path.join(daemon.data, 'unknown');
  const desired = folderConfig({
    folderId: 'unknown',
    label: '',
    path: root,
    type: 'receiveonly',
    peers: [unknown],
  });
  await daemon.client.putFolders([desired], call);
  const actual = await daemon.client.folder('unknown', call);
  expect(actual && peersOf(actual, daemon.deviceId)).toEqual([]);
  expect(actual && sameFolder(actual, desired, daemon.deviceId)).toBe(false);
});
