import { afterEach, expect, test } from 'vitest';
import { createFakeClock } from './fake-clock.ts';
import type { HelperName, HelperOutcome } from './plan-rounds.ts';
import { createRounds } from './rounds.ts';

interface Under {
  readonly helper: HelperName;
  end(outcome: HelperOutcome): Promise<void>;
  crash(error: Error): Promise<void>;
}

/** Rounds whose helpers end when the test says so. */
function setUp() {
  const clock = createFakeClock();
  const log: string[] = [];
  const errors: unknown[] = [];
  const stop = new AbortController();
  let current: Under | undefined;
  const rounds = createRounds({
    clock,
    debounceMs: 100,
    safetyMs: 60_000,
    delayMs: () => 1000,
    onError: (_, error) => errors.push(error),
    run(helper) {
      if (current !== undefined) throw new Error(`${helper} beside ${current.helper}`);
      log.push(helper);
      const { promise, resolve, reject } = Promise.withResolvers<HelperOutcome>();
      current = {
        helper,
        end: (outcome) => finish(() => resolve(outcome)),
        crash: (error) => finish(() => reject(error)),
      };
      return promise;
    },
  });
  async function finish(how: () => void): Promise<void> {
    current = undefined;
    how();
    await clock.advance(0);
  }
  async function endAll(): Promise<void> {
    for (await clock.advance(0); current !== undefined;) await current.end('done');
  }
  function under(): Under {
    if (current === undefined) throw new Error('no helper is running');
    return current;
  }
  const done = rounds.run(stop.signal);
  return { clock, rounds, log, errors, stop, done, endAll, under };
}

let open: ReturnType<typeof setUp> | undefined;
afterEach(async () => {
  open?.stop.abort();
  await open?.endAll();
  await open?.done;
  open = undefined;
});

function start(): ReturnType<typeof setUp> {
  open = setUp();
  return open;
}

test('begins with a full round, then one a safety time', async () => {
  const { clock, log, endAll } = start();
  await endAll();
  expect(log).toEqual(['introducer', 'resharer', 'deleter', 'nodewatcher']);
  await clock.advance(59_999);
  expect(log).toHaveLength(4);
  await clock.advance(1);
  await endAll();
  expect(log).toHaveLength(8);
});

test('a request while nothing runs wakes it', async () => {
  const { clock, rounds, log, endAll } = start();
  await endAll();
  log.length = 0;
  rounds.request('change');
  await clock.advance(99);
  expect(log).toEqual([]);
  rounds.request('urgent');
  await endAll();
  expect(log).toEqual(['introducer', 'resharer']);
  await clock.advance(1);
  await endAll();
  expect(log).toEqual(['introducer', 'resharer', 'deleter', 'nodewatcher']);
});

test('a waiter is not content with a pass that began before it asked', async () => {
  const { clock, rounds, log, under, endAll } = start();
  await clock.advance(0);
  let isOver = false;
  const waiting = rounds.requestAndWait('urgent', AbortSignal.timeout(10_000)).then(() => (isOver = true));
  await under().end('done');
  expect(under().helper).toBe('introducer');
  await under().end('done');
  expect(isOver).toBe(false);
  await under().end('failed');
  expect(log).toEqual(['introducer', 'introducer', 'resharer', 'deleter']);
  await waiting;
  await endAll();
});

test('a waiter for a whole round is content with turns that came after it asked, of whatever round', async () => {
  const { clock, rounds, log, under, endAll } = start();
  await clock.advance(0);
  const waiting = rounds.requestAndWait('change', AbortSignal.timeout(10_000));
  let isOver = false;
  const over = waiting.then(() => (isOver = true));
  await endAll();
  expect(log).toEqual(['introducer', 'resharer', 'deleter', 'nodewatcher']);
  expect(isOver).toBe(false);
  await clock.advance(100);
  await under().end('done');
  await over;
  expect(log).toEqual(['introducer', 'resharer', 'deleter', 'nodewatcher', 'introducer']);
});

test('a helper that throws counts as failed, is told of, and comes again after the back-off', async () => {
  const { clock, log, errors, under, endAll } = start();
  await clock.advance(0);
  await under().crash(new Error('no such program'));
  await endAll();
  expect(errors).toEqual([new Error('no such program')]);
  log.length = 0;
  await clock.advance(1000);
  expect(log).toEqual(['introducer']);
});

test('a waiter that gives up, and one that outlives the rounds', async () => {
  const { clock, rounds, stop, under, done } = start();
  await clock.advance(0);
  const given = new AbortController();
  const first = expect(rounds.requestAndWait('urgent', given.signal)).rejects.toThrow('given up');
  given.abort(new Error('given up'));
  await first;
  const second = expect(rounds.requestAndWait('urgent', AbortSignal.timeout(10_000))).rejects.toThrow(
    'the end',
  );
  stop.abort(new Error('the end'));
  await under().end('done');
  await second;
  await done;
  await expect(rounds.requestAndWait('urgent', AbortSignal.timeout(10_000))).rejects.toThrow('the end');
});
