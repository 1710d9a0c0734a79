import { beforeEach, describe, expect, test } from 'vitest';
import { createFakeClock, type FakeClock } from '../runtime/fake-clock.ts';
import { silentLogger } from '../runtime/logger.ts';
import type { CallOptions, KubernetesClient } from './client.ts';
import { KubernetesError } from './errors.ts';
import { createFakeKubernetes, type FakeKubernetes } from './fake.ts';
import { leadWhile, leaseIdentity } from './lease.ts';
import { LEASES } from './resource-kind.ts';

const never = new AbortController().signal;

interface Candidate {
  readonly stop: AbortController;
  readonly over: Promise<void>;
  leading: boolean;
  terms: number;
}

describe('the lease', () => {
  let clock: FakeClock;
  let fake: FakeKubernetes;
  beforeEach(() => {
    clock = createFakeClock(1_000_000);
    fake = createFakeKubernetes({ clock });
  });

  /** Leads until its signal fires; `slowMs` is what the work takes to end. */
  function campaign(
    identity: string,
    { slowMs = 0, client = fake }: { slowMs?: number; client?: KubernetesClient } = {},
  ): Candidate {
    const stop = new AbortController();
    const candidate: { -readonly [Key in keyof Candidate]: Candidate[Key] } = {
      stop,
      over: Promise.resolve(),
      leading: false,
      terms: 0,
    };
    candidate.over = leadWhile(
      { client, name: 'controller', identity, clock, log: silentLogger, signal: stop.signal },
      async (signal) => {
        candidate.leading = true;
        candidate.terms += 1;
        await new Promise<void>((resolve) => {
          signal.addEventListener('abort', () => resolve(), { once: true });
        });
        if (slowMs > 0) await clock.sleep(slowMs);
        candidate.leading = false;
      },
    );
    return candidate;
  }
  async function end(...candidates: readonly Candidate[]): Promise<void> {
    for (const candidate of candidates) candidate.stop.abort();
    await clock.advance(60_000);
    await Promise.all(candidates.map((candidate) => candidate.over));
    expect(clock.pending()).toBe(0);
  }
  function holder(): Promise<string | undefined> {
    return fake.get(LEASES, 'controller', { signal: never }).then((lease) => lease.spec.holderIdentity);
  }

  test('has one leader, who keeps it', async () => {
    const a = campaign('a');
    await clock.advance(1);
    const b = campaign('b');
    await clock.advance(300_000);
    expect([a.leading, b.leading]).toEqual([true, false]);
    expect(a.terms).toBe(1);
    await end(a, b);
  });

  test('is given back at the end, so that the next one need not wait it out', async () => {
    const a = campaign('a');
    await clock.advance(1);
    const b = campaign('b');
    await clock.advance(10_000);
    a.stop.abort();
    await clock.advance(2500);
    await a.over;
    expect(b.leading).toBe(true);
    await end(b);
    expect(await holder()).toBe('');
  });

  test('of a leader that is cut off ends before another begins', async () => {
    let cutOff = false;
    // Behind a partition a call hangs until its deadline.
    const partitioned = new Proxy(fake, {
      get: (target, key) => (key === 'get' && cutOff ? hang : Reflect.get(target, key).bind(target)),
    });
    async function hang(_kind: unknown, _name: string, options: CallOptions): Promise<never> {
      await clock.sleep(options.timeoutMs ?? 10_000, options.signal);
      throw new KubernetesError('timeout', 'no answer');
    }
    const a = campaign('a', { client: partitioned });
    await clock.advance(1);
    const b = campaign('b');
    await clock.advance(20_000);
    cutOff = true;
    for (let second = 0; second < 40; second += 1) {
      await clock.advance(1000);
      expect(a.leading && b.leading).toBe(false);
    }
    expect(b.leading).toBe(true);
    cutOff = false;
    await clock.advance(60_000);
    expect([a.leading, b.leading]).toEqual([false, true]);
    await end(a, b);
  });

  test('is not sought again before the old work has ended', async () => {
    const a = campaign('a', { slowMs: 30_000 });
    await clock.advance(1);
    fake.seed(LEASES, {
      name: 'controller',
      spec: { holderIdentity: 'thief', leaseDurationSeconds: 1, leaseTransitions: 1 },
    });
    await clock.advance(20_000);
    expect(a).toMatchObject({ leading: true, terms: 1 });
    expect(await holder()).toBe('thief');
    await clock.advance(40_000);
    expect(a).toMatchObject({ leading: true, terms: 2 });
    await end(a);
  });

  test('is judged by when it changed here, not by the time that another wrote', async () => {
    fake.seed(LEASES, {
      name: 'controller',
      spec: { holderIdentity: 'old', leaseDurationSeconds: 15, renewTime: '1999-01-01T00:00:00.000000Z' },
    });
    const a = campaign('a');
    await clock.advance(14_000);
    expect(a.leading).toBe(false);
    await clock.advance(4000);
    expect(a.leading).toBe(true);
    await end(a);
  });

  test('of a process of the same pod, which has ended, is taken at once; of another pod it is waited for', async () => {
    const spec = { holderIdentity: leaseIdentity('controller-x7', 'before'), leaseDurationSeconds: 15 };
    fake.seed(LEASES, { name: 'controller', spec });
    const other = campaign(leaseIdentity('controller-x', 'first'));
    await clock.advance(10_000);
    expect(other.leading).toBe(false);
    const next = campaign(leaseIdentity('controller-x7', 'after'));
    await clock.advance(1);
    expect([other.leading, next.leading]).toEqual([false, true]);
    await end(other, next);
  });

  test('survives an API server that is away for a moment', async () => {
    const a = campaign('a');
    await clock.advance(1);
    fake.intercept = () => new KubernetesError('unreachable', 'away');
    await clock.advance(7000);
    fake.intercept = undefined;
    await clock.advance(60_000);
    expect(a).toMatchObject({ leading: true, terms: 1 });
    await end(a);
  });

  test('is given back when the work fails, and the failure is told', async () => {
    const leading = leadWhile(
      { client: fake, name: 'controller', identity: 'a', clock, log: silentLogger, signal: never },
      async () => {
        throw new Error('no work today');
      },
    );
    const failing = expect(leading).rejects.toThrow('no work today');
    await clock.advance(5000);
    await failing;
    expect(await holder()).toBe('');
  });
});
