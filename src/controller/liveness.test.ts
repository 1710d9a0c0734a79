import { beforeEach, describe, expect, test } from 'vitest';
import { at, node, NOW } from '../../test/builders/volume-view.ts';
import { createFakeClock, type FakeClock } from '../runtime/fake-clock.ts';
import { createLiveness, type Liveness } from './liveness.ts';

describe('when a node last spoke', () => {
  let clock: FakeClock;
  let liveness: Liveness;

  beforeEach(() => {
    clock = createFakeClock(NOW);
    liveness = createLiveness(clock);
  });

  function ageOf(heartbeat: string, contactAt = clock.now()): number {
    const status = liveness.inOwnTime(node('n1', { heartbeat }), contactAt).status;
    return clock.now() - Date.parse(status?.heartbeat ?? '');
  }

  test('at first sight it is as old as it says, and never of the future', () => {
    expect(ageOf(at(-90_000))).toBe(90_000);
    liveness.forget('n1');
    expect(ageOf(at(90_000))).toBe(0);
  });

  test('a heartbeat that changes was written now, whatever the clock of its node says', async () => {
    liveness.observe(node('n1', { heartbeat: at(-3_600_000) }));
    await clock.advance(10_000);
    liveness.observe(node('n1', { heartbeat: at(-3_590_000) }));
    expect(ageOf(at(-3_590_000))).toBe(0);
    await clock.advance(61_000);
    expect(ageOf(at(-3_590_000))).toBe(61_000);
  });

  test('nobody grows older while the API server says nothing', async () => {
    liveness.observe(node('n1', { heartbeat: at(0) }));
    await clock.advance(300_000);
    expect(ageOf(at(0), NOW + 1000)).toBe(1000);
    expect(ageOf(at(0))).toBe(300_000);
  });

  test('nobody grows older where somebody sets the time of day', async () => {
    let offset = 0;
    const stepped = createLiveness({ ...clock, now: () => clock.now() + offset });
    stepped.observe(node('n1', { heartbeat: at(0) }));
    await clock.advance(2000);
    offset = 3_600_000;
    const { status } = stepped.inOwnTime(node('n1', { heartbeat: at(0) }), clock.steady());
    expect(clock.now() + offset - Date.parse(status?.heartbeat ?? '')).toBe(2000);
    expect(stepped.watchingSince()).toBe(NOW + offset);
  });

  test('a node that never reported is left as it is', () => {
    const { status: _status, ...silent } = node('n1');
    expect(liveness.inOwnTime(silent, NOW)).toBe(silent);
  });
});
