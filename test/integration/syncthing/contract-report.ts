import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { FolderReport } from '../../../src/desired/replica.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { syncthingEvents, type SyncthingEvent } from '../../../src/syncthing/events.ts';
import { FirstScans } from '../../../src/syncthing/first-scans.ts';
import { observeDaemon } from '../../../src/syncthing/observe-daemon.ts';
import { observeFolder } from '../../../src/syncthing/observe-folder.ts';
import { callOptions, putFolder, rootOf, share, untilProven, write, type Peer } from './peers.ts';
import { until } from './until.ts';

async function report(
  peer: Peer,
  folderId: string,
  others: readonly Peer[],
  firstScans = new FirstScans(),
): Promise<FolderReport | undefined> {
  const call = callOptions();
  const daemon = await observeDaemon(peer.client, systemClock, call);
  const peers = others.map(({ deviceId }) => ({ node: `node of ${deviceId}`, deviceId }));
  return observeFolder(peer.client, { folderId, peers, daemon, firstScans }, call);
}

/** What we rely on about reports and events. `peers` gives two daemons that know each other. */
export function reportContract(peers: () => readonly [Peer, Peer]): void {
  const call = callOptions;

  test('the reports of both sides are the two halves of a proof', async () => {
    const [writer, receiver] = peers();
    write(writer, 'halves', 'f', 'x');
    await share('halves', writer, receiver);
    await untilProven('halves', writer, receiver);
    const ofWriter = await report(writer, 'halves', [receiver]);
    expect(ofWriter).toEqual({
      state: 'idle',
      type: 'sendreceive',
      sequence: 1,
      needItems: 0,
      needBytes: 0,
      receiveOnlyItems: 0,
      errors: 0,
      messages: [],
      scanned: true,
      peers: [
        {
          node: `node of ${receiver.deviceId}`,
          deviceId: receiver.deviceId,
          connected: true,
          knownSequence: 1,
          remoteNeedEmpty: true,
        },
      ],
    });
    expect(await report(receiver, 'halves', [writer])).toMatchObject({
      type: 'receiveonly',
      needItems: 0,
      scanned: true,
      peers: [{ connected: true, knownSequence: ofWriter?.sequence, remoteNeedEmpty: true }],
    });
  });

  test('a fenced receiver lacks what came after, and the report says so', async () => {
    const [writer, receiver] = peers();
    await share('fenced', writer, receiver);
    await writer.client.setDevicePaused(receiver.deviceId, true, call());
    write(writer, 'fenced', 'f', 'x');
    await writer.client.scan('fenced', call());
    expect(await report(writer, 'fenced', [receiver])).toMatchObject({
      sequence: 1,
      peers: [{ connected: false, remoteNeedEmpty: false }],
    });
    expect(await report(receiver, 'fenced', [writer])).toMatchObject({
      peers: [{ knownSequence: 0 }],
    });
    await writer.client.setDevicePaused(receiver.deviceId, false, call());
    await untilProven('fenced', writer, receiver);
  });

  test('a peer with whom the folder is not shared has nothing, and no folder is no report', async () => {
    const [writer, receiver] = peers();
    await putFolder(writer, 'alone', 'sendreceive', []);
    await writer.client.scan('alone', call());
    expect(await report(writer, 'alone', [receiver])).toMatchObject({
      peers: [{ knownSequence: 0, remoteNeedEmpty: false }],
    });
    expect(await report(writer, 'no-such-folder', [receiver])).toBeUndefined();
  });

  test('a folder in error says why', async () => {
    const [writer] = peers();
    await putFolder(writer, 'sick', 'sendreceive', []);
    await writer.client.scan('sick', call());
    fs.rmSync(path.join(rootOf(writer, 'sick'), '.stfolder'), { recursive: true });
    await expect(writer.client.scan('sick', call())).rejects.toMatchObject({ kind: 'folder-error' });
    expect(await report(writer, 'sick', [])).toMatchObject({
      state: 'error',
      errors: 1,
      messages: [expect.stringContaining('marker missing')],
      scanned: false,
    });
  });

  test('the first scan is remembered for the life of the daemon, then asked for again', async () => {
    const [writer] = peers();
    const firstScans = new FirstScans();
    await putFolder(writer, 'first', 'sendreceive', []);
    await writer.client.scan('first', call());
    expect(await report(writer, 'first', [], firstScans)).toMatchObject({ scanned: true });
    await writer.client.deleteFolder('first', call());
    expect(await report(writer, 'first', [], firstScans)).toBeUndefined();
    await putFolder(writer, 'first', 'sendreceive', []);
    await until('it is scanned again', async () => {
      return (await report(writer, 'first', [], firstScans))?.scanned;
    });
  });

  test('a report that spans two lives of the daemon is refused', async () => {
    const [writer] = peers();
    await putFolder(writer, 'lives', 'sendreceive', []);
    const now = await observeDaemon(writer.client, systemClock, call());
    const daemon = { ...now, startTime: '2020-01-01T00:00:00Z' };
    const observed = observeFolder(
      writer.client,
      { folderId: 'lives', peers: [], daemon, firstScans: new FirstScans() },
      call(),
    );
    await expect(observed).rejects.toMatchObject({ kind: 'unreachable' });
  });

  test('events: a gap first, then indexes on both sides, connections, and a gap after a restart', async () => {
    const [writer, receiver] = peers();
    await share('events', writer, receiver);
    const controller = new AbortController();
    const heard = listen(receiver, controller.signal);
    await until('the stream has begun', () => heard.events.length > 0);
    expect(heard.events[0]).toEqual({ kind: 'gap', reason: 'start' });

    write(writer, 'events', 'f', 'x');
    await writer.client.scan('events', call());
    const { deviceId } = writer;
    const expected = { kind: 'RemoteIndexUpdated', folderId: 'events', deviceId, sequence: 1 };
    await until('the index arrives', () => heard.has(expected));
    await until('the file is there', () => heard.has({ kind: 'LocalIndexUpdated', folderId: 'events' }));

    await writer.client.setDevicePaused(receiver.deviceId, true, call());
    await until('the end of the connection', () => heard.has({ kind: 'DeviceDisconnected', deviceId }));
    await writer.client.setDevicePaused(receiver.deviceId, false, call());
    await until('the connection', () => heard.has({ kind: 'DeviceConnected', deviceId }));

    const { startTime } = await receiver.client.systemStatus(call());
    await until('a second has passed, the precision of the start time', () => {
      return Date.now() >= Date.parse(startTime) + 1_000;
    });
    await receiver.restart();
    await until('the restart is noticed', () => heard.has({ kind: 'gap', reason: 'restart' }));
    controller.abort();
    await heard.ended;
  });
}

interface Heard {
  readonly events: readonly SyncthingEvent[];
  readonly ended: Promise<void>;
  has(pattern: object): boolean;
}

function listen(peer: Peer, signal: AbortSignal): Heard {
  const events: SyncthingEvent[] = [];
  async function collect(): Promise<void> {
    for await (const event of syncthingEvents({ client: peer.client, clock: systemClock, signal })) {
      events.push(event);
    }
  }
  function has(pattern: object): boolean {
    return events.some((event) =>
      Object.entries(pattern).every(([key, value]) =>
        Object.entries(event).some(([k, v]) => k === key && v === value),
      ),
    );
  }
  return { events, ended: collect(), has };
}
