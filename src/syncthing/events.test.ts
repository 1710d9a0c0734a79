import { expect, test } from 'vitest';
import type { Clock } from '../runtime/clock.ts';
import type { EventsQuery, RawEvent } from './client.ts';
import { SyncthingError } from './errors.ts';
import { syncthingEvents, type SyncthingEvent } from './events.ts';

/** A daemon's event buffer; each poll without news runs the next step of the script. */
class ScriptedDaemon {
  startTime = 'first';
  log: RawEvent[] = [];
  pauses: number[] = [];
  now = 0;
  readonly #script: (() => void)[];

  constructor(...script: (() => void)[]) {
    this.#script = script;
  }

  add(type: string, data: unknown, id = (this.log.at(-1)?.id ?? 0) + 1): void {
    this.log.push({ id, type, time: '', data });
  }

  restart(): void {
    this.startTime += ' again';
    this.log = [];
  }

  readonly client = {
    systemStatus: async () => ({ myID: 'SELF', startTime: this.startTime, uptimeSeconds: 0 }),
    events: async ({ since, limit, holdSeconds }: EventsQuery): Promise<RawEvent[]> => {
      const found = this.log.filter((event) => event.id > since);
      if (found.length === 0 && holdSeconds > 0) {
        this.#script.shift()?.();
      }
      return found.slice(limit === undefined ? 0 : -limit);
    },
  };

  readonly clock: Clock = {
    now: () => this.now,
    steady: () => this.now,
    sleep: async (ms) => {
      this.pauses.push(ms);
    },
    after: () => () => undefined,
  };

  async take(count: number): Promise<SyncthingEvent[]> {
    const controller = new AbortController();
    const taken: SyncthingEvent[] = [];
    const { client, clock } = this;
    for await (const event of syncthingEvents({ client, clock, signal: controller.signal })) {
      taken.push(event);
      if (taken.length === count) {
        controller.abort();
      }
    }
    return taken;
  }
}

const started: SyncthingEvent = { kind: 'gap', reason: 'start' };
const connected = { id: 'A' };

test('begins with a gap, without what was before, then gives what happens; drops what is not ours', async () => {
  const daemon = new ScriptedDaemon(() => {
    daemon.add('LocalIndexUpdated', { folder: 'v', sequence: 7, filenames: ['x'] });
    daemon.add('ItemFinished', {});
    daemon.add('StateChanged', { folder: 'v', from: 'idle', to: 'sing' });
    daemon.add('FolderErrors', { folder: 'v', errors: [{ path: 'p', error: 'e' }] });
  });
  daemon.add('DeviceConnected', { id: 'OLD' });
  expect(await daemon.take(4)).toEqual([
    started,
    { kind: 'LocalIndexUpdated', folderId: 'v', sequence: 7, names: ['x'] },
    { kind: 'StateChanged', folderId: 'v', from: 'idle', to: 'unknown' },
    { kind: 'FolderErrors', folderId: 'v', errors: 1 },
  ]);
});

test('a hole in the numbers is a gap', async () => {
  const daemon = new ScriptedDaemon(
    () => daemon.add('DeviceConnected', connected, 1),
    () => daemon.add('DeviceDisconnected', { id: 'A', error: 'x' }, 1_002),
  );
  expect(await daemon.take(4)).toEqual([
    started,
    { kind: 'DeviceConnected', deviceId: 'A' },
    { kind: 'gap', reason: 'lost' },
    { kind: 'DeviceDisconnected', deviceId: 'A' },
  ]);
});

test('an event of ours that cannot be read is a gap', async () => {
  const daemon = new ScriptedDaemon(() => daemon.add('RemoteIndexUpdated', { folder: 'v' }));
  expect(await daemon.take(2)).toEqual([started, { kind: 'gap', reason: 'unreadable' }]);
});

test('another process of the daemon, found after silence, is a gap and counts from the beginning', async () => {
  const daemon = new ScriptedDaemon(
    () => {
      daemon.add('DeviceConnected', connected);
      daemon.add('DeviceConnected', connected);
    },
    () => daemon.restart(),
    () => daemon.add('ConfigSaved', {}),
  );
  expect(await daemon.take(5)).toEqual([
    started,
    { kind: 'DeviceConnected', deviceId: 'A' },
    { kind: 'DeviceConnected', deviceId: 'A' },
    { kind: 'gap', reason: 'restart' },
    { kind: 'ConfigSaved' },
  ]);
});

test('a restart is found even when the new process has more events than the old one', async () => {
  const daemon = new ScriptedDaemon(
    () => daemon.add('DeviceConnected', connected),
    () => {
      daemon.restart();
      daemon.now += 60_000;
      for (let count = 0; count < 5; count += 1) {
        daemon.add('ConfigSaved', {});
      }
    },
    () => daemon.add('DeviceConnected', connected),
  );
  expect(await daemon.take(4)).toEqual([
    started,
    { kind: 'DeviceConnected', deviceId: 'A' },
    { kind: 'gap', reason: 'restart' },
    { kind: 'DeviceConnected', deviceId: 'A' },
  ]);
});

test('a daemon that does not answer is asked again, less and less often', async () => {
  const down = new SyncthingError('unreachable', 'no socket');
  function refuse(): never {
    throw down;
  }
  const steps = Array.from({ length: 8 }, () => refuse);
  const daemon = new ScriptedDaemon(...steps, () => daemon.add('DeviceConnected', connected));
  expect(await daemon.take(2)).toEqual([started, { kind: 'DeviceConnected', deviceId: 'A' }]);
  expect(daemon.pauses).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
});

test('a refused key ends the stream', async () => {
  const daemon = new ScriptedDaemon(() => {
    throw new SyncthingError('unauthorized', 'key');
  });
  await expect(daemon.take(2)).rejects.toMatchObject({ kind: 'unauthorized' });
});
