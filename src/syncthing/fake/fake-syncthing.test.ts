import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { deviceConfig } from '../device-config.ts';
import { folderConfig } from '../folder-config.ts';
import { FakeSyncthingNetwork } from './fake-network.ts';
import type { FakeSyncthing, Misbehaviour } from './fake-syncthing.ts';

// What a real Syncthing does as well is in test/integration/syncthing; here is what only a fake can do.
const call = { signal: AbortSignal.timeout(30_000) };
let directory: string;
let network: FakeSyncthingNetwork;
let writer: FakeSyncthing;
let receiver: FakeSyncthing;

beforeEach(async () => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'st-fake-'));
  network = new FakeSyncthingNetwork();
  network.automatic = false;
  writer = await network.add('writer', path.join(directory, 'w'));
  receiver = await network.add('receiver', path.join(directory, 'r'));
  for (const [one, other] of [
    [writer, receiver],
    [receiver, writer],
  ] as const) {
    const { deviceId, address } = other;
    one.putDevices([deviceConfig({ deviceId, name: 'n', addresses: [address] })]);
  }
  share(receiver, 'receiveonly');
  share(writer, 'sendreceive');
});
afterEach(async () => {
  await network[Symbol.asyncDispose]();
  fs.rmSync(directory, { recursive: true });
});

function share(member: FakeSyncthing, type: 'sendreceive' | 'receiveonly'): void {
  const peers = [writer.deviceId, receiver.deviceId];
  const root = path.join(member.data, 'v');
  member.putFolders([folderConfig({ folderId: 'v', label: '', path: root, type, peers })]);
}

function writeAndScan(name: string): void {
  fs.writeFileSync(path.join(writer.data, 'v', name), name);
  writer.scan('v');
}

function received(name: string): boolean {
  return fs.existsSync(path.join(receiver.data, 'v', name));
}

test('held indexes: the receiver needs nothing, the writer knows better', async () => {
  network.holdIndexes(writer, receiver);
  writeAndScan('f');
  network.settle();
  expect(await receiver.client.folderStatus('v', call)).toMatchObject({ needTotalItems: 0 });
  const need = await writer.client.remoteNeed('v', receiver.deviceId, call);
  expect(need).toEqual({ empty: false, names: ['f'] });
  network.releaseIndexes(writer, receiver);
  network.settle();
  expect(received('f')).toBe(true);
});

test('held pulls: the receiver knows the index and needs the file', async () => {
  network.holdPulls(receiver);
  writeAndScan('f');
  network.settle();
  const device = { ...call, deviceId: writer.deviceId };
  expect(await receiver.client.completion('v', device)).toMatchObject({ sequence: 1 });
  expect(await receiver.client.folderStatus('v', call)).toMatchObject({ needTotalItems: 1 });
  network.releasePulls(receiver);
  network.settle();
  expect(received('f')).toBe(true);
});

test('a cut line carries nothing', async () => {
  network.cut(writer, receiver);
  writeAndScan('f');
  network.settle();
  expect(received('f')).toBe(false);
  const connections = await writer.client.connections(call);
  expect(connections.get(receiver.deviceId)).toMatchObject({ connected: false });
  network.mend(writer, receiver);
  network.settle();
  expect(received('f')).toBe(true);
});

test('a file that fails is needed and reported', async () => {
  receiver.folders.get('v')?.failingFiles.set('f', 'disk on fire');
  writeAndScan('f');
  network.settle();
  expect(await receiver.client.folderStatus('v', call)).toMatchObject({ errors: 1, needTotalItems: 1 });
  expect(await receiver.client.folderErrors('v', call)).toEqual([{ path: 'f', error: 'disk on fire' }]);
});

test('an injected folder error stops scans', async () => {
  const folder = writer.folders.get('v');
  expect(folder).toBeDefined();
  Object.assign(folder ?? {}, { injectedError: 'insufficient space' });
  const scan = writer.client.scan('v', call);
  await expect(scan).rejects.toMatchObject({
    kind: 'folder-error',
    message: expect.stringContaining('insufficient space'),
  });
});

test('a lost database begins its sequences anew, and the others notice', async () => {
  writeAndScan('f');
  writeAndScan('g');
  writeAndScan('h');
  fs.rmSync(path.join(writer.data, 'v', 'h'));
  writer.scan('v');
  network.settle();
  const device = { ...call, deviceId: writer.deviceId };
  expect(await receiver.client.completion('v', device)).toMatchObject({ sequence: 4 });
  await writer.loseDatabase();
  network.settle();
  expect(await writer.client.completion('v', call)).toMatchObject({ sequence: 2 });
  expect(await receiver.client.completion('v', device)).toMatchObject({ sequence: 2 });
});

test('requests can hang and fail', async () => {
  const hang: Misbehaviour = { kind: 'hang', match: /^POST \/rest\/db\/scan/ };
  writer.misbehaviours.add(hang);
  const scan = writer.client.scan('v', { ...call, timeoutMs: 50 });
  await expect(scan).rejects.toMatchObject({ kind: 'timeout' });
  writer.misbehaviours.delete(hang);
  await writer.client.scan('v', call);
  writer.misbehaviours.add({ kind: 'fail', match: /connections$/, status: 500, text: 'no' });
  await expect(writer.client.connections(call)).rejects.toMatchObject({ kind: 'rejected' });
});

test('a stopped daemon is unreachable', async () => {
  await writer.stop();
  await expect(writer.client.health(call)).rejects.toMatchObject({ kind: 'unreachable' });
  await writer.start();
  await writer.client.health(call);
});
