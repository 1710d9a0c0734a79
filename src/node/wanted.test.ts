import { expect, test } from 'vitest';
import type { SyncthingReplicaSpec } from '../desired/replica.ts';
import { createFakeClock } from '../runtime/fake-clock.ts';
import { createWantedVolumes, WANTED_GRACE_MS } from './wanted.ts';

const request = { volume: 'v-a', volumeId: 'v-a-1' };

test('a request outlives its call until the kubelet had time to repeat it, and keeps its place', async () => {
  const clock = createFakeClock(1_000);
  const wanted = createWantedVolumes(clock);
  const end = wanted.ask(request);
  await clock.advance(10 * WANTED_GRACE_MS);
  expect(wanted.isWanted(request.volumeId)).toBe(true);
  expect(wanted.since(request.volumeId)).toBe(new Date(1_000).toISOString());
  expect(wanted.since(request.volumeId, 'read')).toBeUndefined();
  end();
  await clock.advance(122_000);
  wanted.ask(request)();
  expect(wanted.list(() => undefined)).toEqual([{ ...request, since: new Date(1_000).toISOString() }]);
  await clock.advance(WANTED_GRACE_MS);
  expect(wanted.list(() => undefined)).toEqual([]);
  expect(wanted.isWanted(request.volumeId)).toBe(false);
});

test('one that is dropped is gone at once, whatever its call says later', () => {
  const wanted = createWantedVolumes(createFakeClock());
  const end = wanted.ask(request);
  wanted.drop(request.volumeId);
  end();
  expect(wanted.isWanted(request.volumeId)).toBe(false);
});

test('to read and to write are two requests, each with its own end', () => {
  const wanted = createWantedVolumes(createFakeClock());
  const toRead = { ...request, reads: true as const };
  wanted.ask(request);
  wanted.ask(toRead);
  expect(wanted.list(() => undefined)).toMatchObject([request, toRead]);
  wanted.served(toRead);
  expect(wanted.isWanted(request.volumeId, 'read')).toBe(false);
  expect(wanted.isWanted(request.volumeId)).toBe(true);
  wanted.ask(toRead);
  wanted.drop(request.volumeId);
  expect(wanted.list(() => undefined)).toEqual([]);
});

test('names the base of the order that this node sees', () => {
  const wanted = createWantedVolumes(createFakeClock());
  wanted.ask(request);
  const order = {
    base: { kind: 'handoff', epoch: 3, session: 2, holders: [] },
  } as const satisfies Partial<SyncthingReplicaSpec>;
  const full: SyncthingReplicaSpec = {
    volume: 'v-a',
    folderId: 'v-a-1',
    node: 'n1',
    label: '',
    role: 'data',
    epoch: 3,
    type: 'receiveonly',
    peers: [],
    ...order,
  };
  expect(wanted.list(() => full)[0]?.base).toEqual({ epoch: 3, session: 2 });
});
