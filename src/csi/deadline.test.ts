import { expect, test } from 'vitest';
import { createFakeClock } from '../runtime/fake-clock.ts';
import { silentLogger } from '../runtime/logger.ts';
import { deadline } from './deadline.ts';
import type { CallContext, Rpc } from './rpc.ts';

const method = {
  service: 'csi.v1.Node',
  name: 'NodeStageVolume',
  requestType: 'csi.v1.NodeStageVolumeRequest',
};

function context(deadlineMs: number, signal = new AbortController().signal): CallContext {
  return { signal, deadlineMs, log: silentLogger };
}

test('a call without a deadline gets the default, as a moment in time', async () => {
  const clock = createFakeClock(1000);
  const tellDeadline: Rpc<object, { at: number }> = async (_, { deadlineMs }) => ({ at: deadlineMs });
  const call = deadline(clock, 500)(method, tellDeadline);
  expect(await call({}, context(Infinity))).toEqual({ at: 1500 });
  expect(await call({}, context(1200))).toEqual({ at: 1200 });
  expect(clock.pending()).toBe(0);
});

test('work that ends when its signal fires is answered with what it says', async () => {
  const clock = createFakeClock();
  const work: Rpc<object, object> = (_, { signal }) => {
    return new Promise((__, reject) => {
      signal.addEventListener('abort', () => reject(new Error('node n2 has not sent 3 files')));
    });
  };
  const answer = deadline(clock, 500)(method, work)({}, context(Infinity));
  await Promise.all([expect(answer).rejects.toThrow('node n2 has not sent 3 files'), clock.advance(500)]);
});

test('work that goes on is left alone, and the caller gets an answer', async () => {
  const clock = createFakeClock();
  const work = Promise.withResolvers<object>();
  const answer = deadline(clock, 500)(method, () => work.promise)({}, context(Infinity));
  await Promise.all([
    expect(answer).rejects.toMatchObject({ kind: 'deadline-exceeded' }),
    clock.advance(500),
  ]);
  // Nobody waits for it any more; it must not become an unhandled rejection.
  work.reject(new Error('late'));
});

test('a deadline that has passed fires at once', async () => {
  const clock = createFakeClock(1000);
  const never: Rpc<object, object> = () => new Promise(() => {});
  const answer = deadline(clock, 500)(method, never)({}, context(900));
  await Promise.all([expect(answer).rejects.toMatchObject({ kind: 'deadline-exceeded' }), clock.advance(0)]);
});
