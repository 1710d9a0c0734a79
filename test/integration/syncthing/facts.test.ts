import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { callOptions, introduce, putFolder, read, untilProven, write } from './peers.ts';
import { startRealPeer, type RealPeer } from './real-peer.ts';
import { until } from './until.ts';

// Facts about Syncthing on which the hand-off protocol rests (docs/handoff.md) and that take three daemons.
let a: RealPeer;
let b: RealPeer;
let c: RealPeer;
const call = callOptions;

async function shareAll(folderId: string): Promise<void> {
  await putFolder(b, folderId, 'receiveonly', [a, b, c]);
  await putFolder(c, folderId, 'receiveonly', [a, b, c]);
  await putFolder(a, folderId, 'sendreceive', [a, b, c]);
  await a.client.scan(folderId, call());
  await untilProven(folderId, a, b);
  await untilProven(folderId, a, c);
}

beforeAll(async () => {
  [a, b, c] = [await startRealPeer(), await startRealPeer(), await startRealPeer()];
  await introduce([a, b, c]);
});
afterAll(async () => {
  for (const daemon of [a, b, c]) {
    await daemon?.[Symbol.asyncDispose]();
  }
});

test('rule 26: who is not fenced from the lost writer passes its changes on', async () => {
  await shareAll('passing');
  await b.client.setDevicePaused(a.deviceId, true, call());
  write(a, 'passing', 'late', 'x');
  await a.client.scan('passing', call());
  await until('c has passed it on to b', () => read(b, 'passing', 'late') === 'x');
  await c.client.setDevicePaused(a.deviceId, true, call());
  write(a, 'passing', 'later', 'x');
  await a.client.scan('passing', call());
  const marker = 'b to c still works';
  await putFolder(b, 'passing-marker', 'sendreceive', [b, c]);
  await putFolder(c, 'passing-marker', 'receiveonly', [b, c]);
  write(b, 'passing-marker', marker, '');
  await b.client.scan('passing-marker', call());
  await untilProven('passing-marker', b, c);
  expect(read(b, 'passing', 'later')).toBeUndefined();
  expect(read(c, 'passing', 'later')).toBeUndefined();
  await b.client.setDevicePaused(a.deviceId, false, call());
  await c.client.setDevicePaused(a.deviceId, false, call());
  await untilProven('passing', a, b);
  await untilProven('passing', a, c);
});

test('rule 26: what cannot be saved is read all the same, is told by configSettled, and is gone with the process', async () => {
  await putFolder(c, 'unsaved', 'receiveonly', [c]);
  const file = path.join(c.home, 'config.xml');
  fs.renameSync(file, `${file}.aside`);
  fs.mkdirSync(file);
  try {
    await expect(putFolder(c, 'unsaved', 'sendonly', [c])).rejects.toMatchObject({ kind: 'rejected' });
    expect(await c.client.folder('unsaved', call())).toMatchObject({ type: 'sendonly' });
    await expect(c.client.configSettled(call())).rejects.toMatchObject({ kind: 'rejected' });
  } finally {
    fs.rmdirSync(file);
    fs.renameSync(`${file}.aside`, file);
  }
  await c.restart();
  expect(await c.client.folder('unsaved', call())).toMatchObject({ type: 'receiveonly' });
});

test('forced failover: a survivor that needs what only the lost writer has needs nothing once it is unshared', async () => {
  await shareAll('failover');
  write(a, 'failover', 'proven', '1');
  await a.client.scan('failover', call());
  await untilProven('failover', a, b);
  await untilProven('failover', a, c);
  // From now on the survivors hear of changes and have no room for them.
  for (const survivor of [b, c]) {
    const folder = await survivor.client.folder('failover', call());
    const minDiskFree = { value: 100, unit: '%' };
    await survivor.client.putFolders(folder ? [{ ...folder, minDiskFree }] : [], call());
  }
  write(a, 'failover', 'lost', 'x');
  await a.client.scan('failover', call());
  await until('b needs the file', async () => {
    return (await b.client.folderStatus('failover', call())).needTotalItems === 1;
  });
  await a.kill();
  await putFolder(b, 'failover', 'receiveonly', [b, c]);
  await putFolder(c, 'failover', 'receiveonly', [b, c]);
  await putFolder(b, 'failover', 'sendreceive', [b, c]);
  await b.client.scan('failover', call());
  await untilProven('failover', b, c);
  expect(await b.client.folderStatus('failover', call())).toMatchObject({ needTotalItems: 0 });
  expect(read(c, 'failover', 'proven')).toBe('1');
  expect(read(b, 'failover', 'lost')).toBeUndefined();
  await a.start();
  const pending = await until('the returned writer offers it in vain', async () =>
    (await b.client.pendingFolders(call())).find((folder) => folder.folderId === 'failover'),
  );
  expect(pending.offeredBy).toEqual([a.deviceId]);
});

test('rule 16: a writer whose database was lost has another vector for a file that did not change', async () => {
  await shareAll('epoch');
  write(a, 'epoch', '.epoch', '1');
  await a.client.scan('epoch', call());
  await untilProven('epoch', a, b);
  const before = await a.client.file('epoch', '.epoch', call());
  await a.restart();
  expect((await a.client.file('epoch', '.epoch', call()))?.local).toEqual(before?.local);
  // Not connected, so that the others cannot tell it the old vector.
  await b.client.setDevicePaused(a.deviceId, true, call());
  await c.client.setDevicePaused(a.deviceId, true, call());
  await a.kill();
  for (const name of fs.readdirSync(a.home).filter((one) => one.startsWith('index-'))) {
    fs.rmSync(path.join(a.home, name), { recursive: true });
  }
  await a.start();
  await a.client.scan('epoch', call());
  const after = await a.client.file('epoch', '.epoch', call());
  expect(after?.local?.version).toHaveLength(1);
  expect(after?.local?.version).not.toEqual(before?.local?.version);
});
