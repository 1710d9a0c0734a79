import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deviceConfig } from '../../../src/syncthing/device-config.ts';
import { takeOutFolder } from '../../../src/syncthing/take-out-folder.ts';
import { callOptions, putFolder, rootOf, untilConnected, untilProven, write, type Peer } from './peers.ts';
import { startRealPeer, type RealPeer } from './real-peer.ts';
import { until } from './until.ts';

// What src/desired/peers.ts and src/syncthing/take-out-folder.ts rest on.
let holder: RealPeer;
let joiner: RealPeer;
const call = callOptions;

beforeAll(async () => {
  holder = await startRealPeer();
  joiner = await startRealPeer();
  await oneDials();
});
afterAll(async () => {
  for (const daemon of [holder, joiner]) await daemon?.[Symbol.asyncDispose]();
});

/** Where both dial at once two connections may come of it, and the loss of the one too many says nothing. */
async function oneDials(): Promise<void> {
  const dialled = [
    { dials: joiner, other: holder, addresses: [holder.address] },
    { dials: holder, other: joiner, addresses: ['dynamic'] },
  ] as const;
  for (const { dials, other, addresses } of dialled) {
    const device = deviceConfig({ deviceId: other.deviceId, name: 'other', addresses });
    await dials.client.putDevices([device], call());
  }
  await untilConnected(joiner, holder);
  await untilConnected(holder, joiner);
}

function lostConnections(): readonly string[] {
  return joiner
    .log()
    .split('\n')
    .filter((line) => line.includes('Lost '));
}

async function hasOffered(folderId: string): Promise<void> {
  await until('the holder has offered the folder', async () => {
    const pending = await joiner.client.pendingFolders(call());
    return pending.some((each) => each.folderId === folderId && each.offeredBy.includes(holder.deviceId));
  });
}

async function knows(one: Peer, other: Peer, folderId: string): Promise<void> {
  const { sequence } = await other.client.completion(folderId, call());
  await until('the index has come', async () => {
    const known = await one.client.completion(folderId, { ...call(), deviceId: other.deviceId });
    return known.sequence >= sequence && sequence > 0;
  });
}

/** Joins, gets the files, sends its own index back, leaves again. */
async function joinAndLeave(folderId: string): Promise<void> {
  await putFolder(joiner, folderId, 'receiveonly', []);
  await putFolder(holder, folderId, 'sendreceive', [joiner]);
  await hasOffered(folderId);
  await putFolder(joiner, folderId, 'receiveonly', [holder]);
  await knows(joiner, holder, folderId);
  await until('the files have come', () => fs.existsSync(path.join(rootOf(joiner, folderId), 'file49')));
  await joiner.client.scan(folderId, call());
  await knows(holder, joiner, folderId);
  await putFolder(holder, folderId, 'sendreceive', []);
  await takeOutFolder(joiner.client, folderId, call());
  fs.rmSync(rootOf(joiner, folderId), { recursive: true });
}

test('a joiner that lists the holder last loses no connection, also when it comes again', async () => {
  await putFolder(holder, 'again', 'sendreceive', []);
  for (let index = 0; index < 50; index += 1) write(holder, 'again', `file${index}`, 'content');
  await holder.client.scan('again', call());
  const before = lostConnections();
  for (let time = 0; time < 3; time += 1) await joinAndLeave('again');
  expect(lostConnections()).toEqual(before);
});

test('a folder that is not there is taken out already', async () => {
  await takeOutFolder(joiner.client, 'nowhere', call());
  expect(await joiner.client.folder('nowhere', call())).toBeUndefined();
});

// Syncthing's index of a folder that was added again goes by the old one's count where it was not paused while shared.
test('a joiner that was let go of while paused sends all it has when it comes again', async () => {
  const folderId = 'let-go';
  await putFolder(holder, folderId, 'sendreceive', []);
  for (let index = 0; index < 20; index += 1) write(holder, folderId, `file${index}`, 'content');
  await holder.client.scan(folderId, call());
  for (let time = 0; time < 3; time += 1) {
    await putFolder(joiner, folderId, 'receiveonly', []);
    await putFolder(holder, folderId, 'sendreceive', [joiner]);
    await hasOffered(folderId);
    await putFolder(joiner, folderId, 'receiveonly', [holder]);
    await untilProven(folderId, holder, joiner);
    const folder = await joiner.client.folder(folderId, call());
    if (folder === undefined) throw new Error(`${folderId} is gone`);
    await joiner.client.putFolders([{ ...folder, paused: true }], call());
    await putFolder(joiner, folderId, 'receiveonly', []);
    await putFolder(holder, folderId, 'sendreceive', []);
    await takeOutFolder(joiner.client, folderId, call());
    fs.rmSync(rootOf(joiner, folderId), { recursive: true });
  }
});
