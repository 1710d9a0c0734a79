import { beforeEach, describe, expect, test } from 'vitest';
import { createFakeClock, type FakeClock } from '../runtime/fake-clock.ts';
import { silentLogger } from '../runtime/logger.ts';
import { KubernetesError } from './errors.ts';
import { createEventRecorder, type EventRecorder, referenceTo } from './event-recorder.ts';
import { createFakeKubernetes, type FakeKubernetes } from './fake.ts';
import { CLUSTER_NODES, EVENTS, PERSISTENT_VOLUME_CLAIMS } from './resource-kind.ts';

const signal = new AbortController().signal;
const about = referenceTo(PERSISTENT_VOLUME_CLAIMS, { name: 'data', uid: 'u1' }, 'default');
const warning = { about, type: 'Warning', reason: 'NoDataNode', message: 'label a node' } as const;

describe('the event recorder', () => {
  let clock: FakeClock;
  let fake: FakeKubernetes;
  let recorder: EventRecorder;
  beforeEach(() => {
    clock = createFakeClock(Date.parse('2026-01-02T03:04:05Z'));
    fake = createFakeKubernetes({ clock });
    recorder = createEventRecorder({
      client: fake,
      clock,
      log: silentLogger,
      component: 'driver',
      instance: 'n1',
      signal,
    });
  });
  async function events(namespace = 'default') {
    await recorder.flush();
    return (await fake.list(EVENTS, {}, { signal, namespace })).items;
  }

  test('writes an event beside its object', async () => {
    recorder.record(warning);
    expect(await events()).toMatchObject([
      { involved: about, type: 'Warning', reason: 'NoDataNode', message: 'label a node', count: 1 },
    ]);
  });

  test('counts the same up, told at most every half minute', async () => {
    for (let second = 0; second < 60; second += 1) {
      recorder.record(warning);
      await recorder.flush();
      await clock.advance(1000);
    }
    expect(await events()).toMatchObject([{ count: 31 }]);
    expect(fake.calls.filter((call) => call.verb !== 'list')).toHaveLength(2);
  });

  test('loses no count of what came in one go', async () => {
    for (let time = 0; time < 5; time += 1) recorder.record(warning);
    expect(await events()).toMatchObject([{ count: 5 }]);
  });

  test('keeps what differs apart', async () => {
    recorder.record(warning);
    recorder.record({ ...warning, message: 'label two nodes' });
    recorder.record({ ...warning, about: { ...about, uid: 'u2' } });
    expect(await events()).toHaveLength(3);
  });

  test('writes anew what the API server has forgotten', async () => {
    recorder.record(warning);
    for (const event of await events()) fake.vanish(EVENTS, event.name, 'default');
    await clock.advance(31_000);
    recorder.record(warning);
    expect(await events()).toMatchObject([{ count: 2 }]);
    await clock.advance(3_700_000);
    recorder.record(warning);
    expect(await events()).toHaveLength(2);
  });

  test('puts an event about a node into the namespace default', async () => {
    recorder.record({ ...warning, about: referenceTo(CLUSTER_NODES, { name: 'n1', uid: 'n' }) });
    expect(await events('default')).toMatchObject([{ involved: { kind: 'Node', name: 'n1' } }]);
  });

  test('never throws, and drops rather than piles up', async () => {
    fake.intercept = () => new KubernetesError('forbidden', 'no');
    for (let each = 0; each < 1000; each += 1) recorder.record({ ...warning, message: `message ${each}` });
    await recorder.flush();
    expect(fake.calls.length).toBeLessThanOrEqual(101);
  });
});
