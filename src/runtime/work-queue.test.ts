import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { exponentialBackoff } from './backoff.ts';
import { createFakeClock } from './fake-clock.ts';
import type { WorkFailure, WorkResult } from './work-queue.ts';
import { createWorkQueue } from './work-queue.ts';

/** A queue whose work is done when the test says so. */
function harness(concurrency = 1) {
  const clock = createFakeClock();
  const started: string[] = [];
  const failures: WorkFailure[] = [];
  const running = new Map<string, PromiseWithResolvers<WorkResult | undefined>>();
  const stop = new AbortController();
  const queue = createWorkQueue({
    clock,
    concurrency,
    backoff: exponentialBackoff({ firstMs: 100, maxMs: 1000 }),
    work(key) {
      expect(running.has(key)).toBe(false);
      started.push(key);
      const work = Promise.withResolvers<WorkResult | undefined>();
      running.set(key, work);
      return work.promise;
    },
    onError: (failure) => void failures.push(failure),
  });
  const ended = queue.run(stop.signal);
  onTestFinished(() => stop.abort());
  async function end(key: string, result?: WorkResult): Promise<void> {
    running.get(key)?.resolve(result);
    running.delete(key);
    await clock.advance(0);
  }
  async function fail(key: string): Promise<void> {
    running.get(key)?.reject(new Error('no'));
    running.delete(key);
    await clock.advance(0);
  }
  return { clock, queue, started, failures, running, stop, ended, end, fail };
}

describe('adding', () => {
  test('a key that waits is not added twice', async () => {
    const { queue, started, end } = harness();
    for (const key of ['a', 'b', 'b', 'c', 'b']) queue.add(key);
    for (const key of ['a', 'b', 'c']) await end(key);
    expect(started).toEqual(['a', 'b', 'c']);
    expect(queue.size()).toBe(0);
  });

  test('a key being worked on comes again afterwards, once', async () => {
    const { queue, started, end } = harness(2);
    queue.add('a');
    queue.add('a');
    queue.add('a');
    expect(started).toEqual(['a']);
    await end('a');
    await end('a');
    expect(started).toEqual(['a', 'a']);
  });

  test('as many keys at once as are allowed', async () => {
    const { queue, started, end } = harness(2);
    for (const key of ['a', 'b', 'c']) queue.add(key);
    expect(started).toEqual(['a', 'b']);
    await end('b');
    expect(started).toEqual(['a', 'b', 'c']);
  });

  test('later: the earliest time counts', async () => {
    const { clock, queue, started, end } = harness();
    queue.addAfter('a', 500);
    queue.addAfter('a', 200);
    queue.addAfter('a', 900);
    await clock.advance(199);
    expect(started).toEqual([]);
    await clock.advance(1);
    await end('a');
    await clock.advance(10_000);
    expect(started).toEqual(['a']);
  });

  test('now takes the place of later', async () => {
    const { clock, queue, started, end } = harness();
    queue.addAfter('a', 500);
    queue.add('a');
    await end('a');
    await clock.advance(10_000);
    expect(started).toEqual(['a']);
  });
});

describe('a result', () => {
  test('can ask for another look', async () => {
    const { clock, queue, started, end } = harness();
    queue.add('a');
    await end('a', { requeueAfterMs: 300 });
    expect(queue.size()).toBe(1);
    await clock.advance(300);
    expect(started).toEqual(['a', 'a']);
  });

  test('does not take the place of a key added meanwhile', async () => {
    const { queue, started, end } = harness();
    queue.add('a');
    queue.add('a');
    await end('a', { requeueAfterMs: 300 });
    expect(started).toEqual(['a', 'a']);
  });
});

describe('a failure', () => {
  test('comes again after a back-off that grows, and shrinks after a success', async () => {
    const { clock, queue, failures, end, fail } = harness();
    queue.add('a');
    await fail('a');
    await clock.advance(100);
    await fail('a');
    await clock.advance(200);
    await end('a');
    queue.add('a');
    await fail('a');
    expect(failures.map(({ failures: count, retryInMs }) => [count, retryInMs])).toEqual([
      [1, 100],
      [2, 200],
      [1, 100],
    ]);
  });

  test('is not made to spin by events that come meanwhile', async () => {
    const { clock, queue, started, fail } = harness();
    queue.add('a');
    queue.add('a');
    await fail('a');
    expect(started).toEqual(['a']);
    await clock.advance(100);
    expect(started).toEqual(['a', 'a']);
  });

  test('of one key does not hold up another', async () => {
    const { queue, started, fail } = harness();
    queue.add('a');
    queue.add('b');
    await fail('a');
    expect(started).toEqual(['a', 'b']);
  });
});

describe('the end', () => {
  test('waits for what is under way and starts nothing', async () => {
    const { clock, queue, started, stop, ended, end } = harness();
    queue.add('a');
    queue.add('b');
    queue.addAfter('c', 10);
    stop.abort();
    let isOver = false;
    void ended.then(() => (isOver = true));
    await clock.advance(1000);
    expect(isOver).toBe(false);
    await end('a');
    expect(isOver).toBe(true);
    expect(started).toEqual(['a']);
  });

  test('idle is when nothing waits and nothing is worked on', async () => {
    const { queue, end } = harness();
    queue.add('a');
    const idle = queue.idle();
    queue.addAfter('b', 1000);
    await end('a');
    await idle;
  });
});

test('every key that was added is worked on after the last add, never twice at once', async () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('add'), key: fc.constantFrom('a', 'b', 'c') }),
    fc.record({ kind: fc.constant('end'), key: fc.constantFrom('a', 'b', 'c') }),
    fc.record({ kind: fc.constant('fail'), key: fc.constantFrom('a', 'b', 'c') }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const { clock, queue, started, running, end, fail } = harness(2);
      const owed = new Set<string>();
      for (const { kind, key } of steps) {
        const before = started.length;
        if (kind === 'add') owed.add(key);
        if (kind === 'add') queue.add(key);
        else await (kind === 'end' ? end(key) : fail(key));
        for (const begun of started.slice(before)) owed.delete(begun);
      }
      for (let round = 0; round < 20; round += 1) {
        const before = started.length;
        for (const key of running.keys()) await end(key);
        await clock.advance(1000);
        for (const begun of started.slice(before)) owed.delete(begun);
      }
      expect([...owed]).toEqual([]);
      expect(queue.size()).toBe(0);
    }),
    { numRuns: 50 },
  );
});
