import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { deviceConfig } from '../../../src/syncthing/device-config.ts';
import { peersOf } from '../../../src/syncthing/folder-config.ts';
import { callOptions, putFolder, rootOf, write, type Peer } from './peers.ts';
import { until } from './until.ts';

const STRANGER = 'MRIW7OK-NETT3M4-N6SBWME-N25O76W-YJKVXPH-FUMQJ3S-P57B74J-GBITBAC';

/** What we rely on about configuration. `peers` gives two daemons that know each other. */
export function configContract(peers: () => readonly [Peer, Peer]): void {
  const call = callOptions;

  test('tells who it is', async () => {
    const [a] = peers();
    await a.client.health(call());
    expect(await a.client.version(call())).toMatch(/^v\d+\.\d+\.\d+/);
    const status = await a.client.systemStatus(call());
    expect(status.myID).toBe(a.deviceId);
    expect(Date.parse(status.startTime)).toBeLessThanOrEqual(Date.now());
    expect(await a.client.restartRequired(call())).toBe(false);
    for (const { when, message } of await a.client.systemErrors(call())) {
      expect(Date.parse(when)).toBeLessThanOrEqual(Date.now());
      expect(message).not.toBe('');
    }
  });

  test('putFolders adds and replaces, and leaves alone what is not named', async () => {
    const [a, b] = peers();
    await putFolder(a, 'one', 'receiveonly', []);
    await putFolder(a, 'two', 'receiveonly', []);
    await putFolder(a, 'one', 'sendreceive', [b]);
    const one = await a.client.folder('one', call());
    expect(one).toMatchObject({ id: 'one', type: 'sendreceive', paused: false });
    expect(one && peersOf(one, a.deviceId)).toEqual([b.deviceId]);
    expect(one?.devices.map((device) => device.deviceID)).toContain(a.deviceId);
    expect(await a.client.folder('two', call())).toMatchObject({ type: 'receiveonly' });
    const { folders } = await a.client.config(call());
    expect(folders.map((folder) => folder.id)).toEqual(expect.arrayContaining(['one', 'two']));
  });

  test('configSettled changes nothing', async () => {
    const [a] = peers();
    await putFolder(a, 'settled', 'receiveonly', []);
    const before = await a.client.config(call());
    await a.client.configSettled(call());
    expect(await a.client.config(call())).toEqual(before);
  });

  test('a key that we do not own survives a whole put', async () => {
    const [a] = peers();
    await putFolder(a, 'whole', 'sendreceive', []);
    const folder = await a.client.folder('whole', call());
    await a.client.putFolders(folder ? [{ ...folder, maxConcurrentWrites: 7 }] : [], call());
    const changed = await a.client.folder('whole', call());
    await a.client.putFolders(changed ? [{ ...changed, label: 'new' }] : [], call());
    expect(await a.client.folder('whole', call())).toMatchObject({
      label: 'new',
      maxConcurrentWrites: 7,
    });
  });

  test('a device that is not known is dropped from a folder without a word', async () => {
    const [a] = peers();
    await putFolder(a, 'dropped', 'receiveonly', []);
    const folder = await a.client.folder('dropped', call());
    const devices = [...(folder?.devices ?? []), { deviceID: STRANGER }];
    await a.client.putFolders(folder ? [{ ...folder, devices }] : [], call());
    const actual = await a.client.folder('dropped', call());
    expect(actual && peersOf(actual, a.deviceId)).toEqual([]);
  });

  test('deleteFolder takes marker and index and leaves files, and is done when there is none', async () => {
    const [a] = peers();
    await putFolder(a, 'gone', 'sendreceive', []);
    write(a, 'gone', 'data/file', 'kept');
    await a.client.scan('gone', call());
    expect(fs.existsSync(path.join(rootOf(a, 'gone'), '.stfolder'))).toBe(true);
    await a.client.deleteFolder('gone', call());
    await a.client.deleteFolder('gone', call());
    expect(await a.client.folder('gone', call())).toBeUndefined();
    expect(fs.existsSync(path.join(rootOf(a, 'gone'), '.stfolder'))).toBe(false);
    expect(fs.existsSync(path.join(rootOf(a, 'gone'), 'data/file'))).toBe(true);
    await expect(a.client.folderStatus('gone', call())).rejects.toMatchObject({ kind: 'not-found' });
  });

  test('devices: put, find, delete, also twice', async () => {
    const [a] = peers();
    const addresses = ['tcp://127.0.0.1:1'] as const;
    const stranger = deviceConfig({ deviceId: STRANGER, name: 's', addresses, paused: true });
    await a.client.putDevices([stranger], call());
    expect(await a.client.device(STRANGER, call())).toMatchObject({ name: 's', paused: true });
    expect((await a.client.connections(call())).get(STRANGER)).toMatchObject({ connected: false });
    await a.client.deleteDevice(STRANGER, call());
    await a.client.deleteDevice(STRANGER, call());
    expect(await a.client.device(STRANGER, call())).toBeUndefined();
    const refused = a.client.setDevicePaused(STRANGER, true, call());
    await expect(refused).rejects.toMatchObject({ kind: 'not-found' });
  });

  test('a paused device is disconnected when the call returns, and comes back', async () => {
    const [a, b] = peers();
    await a.client.setDevicePaused(b.deviceId, true, call());
    const paused = (await a.client.connections(call())).get(b.deviceId);
    expect(paused).toMatchObject({ connected: false, paused: true });
    await a.client.setDevicePaused(b.deviceId, true, call());
    await a.client.setDevicePaused(b.deviceId, false, call());
    await until('the device is back', async () => {
      return (await a.client.connections(call())).get(b.deviceId)?.connected;
    });
  });

  test('a folder that one side alone has is pending on the other', async () => {
    const [a, b] = peers();
    await putFolder(a, 'offered', 'sendreceive', [b]);
    const pending = await until('the offer arrives', async () =>
      (await b.client.pendingFolders(call())).find((folder) => folder.folderId === 'offered'),
    );
    expect(pending.offeredBy).toEqual([a.deviceId]);
    await a.client.deleteFolder('offered', call());
  });

  test('deadline and signal end a call', async () => {
    const [a] = peers();
    const aborted = a.client.config({ signal: AbortSignal.abort(new Error('stop')) });
    await expect(aborted).rejects.toMatchObject({ kind: 'aborted' });
    const query = { events: ['FolderRejected'], since: 0, holdSeconds: 5 };
    const late = a.client.events(query, { ...call(), timeoutMs: 30 });
    await expect(late).rejects.toMatchObject({ kind: 'timeout' });
  });
}
