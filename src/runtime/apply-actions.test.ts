import { expect, test } from 'vitest';
import { applyActions, changed } from './apply-actions.ts';
import { createFakeClock } from './fake-clock.ts';
import { silentLogger } from './logger.ts';

const plan = ['a', 'b', 'c'].map((item) => ({ kind: 'do', item }));

async function applied(endsAt: number, apply: (item: string) => Promise<void>) {
  const clock = createFakeClock();
  const done: string[] = [];
  const report = await applyActions(plan, {
    budget: { clock, endsAt },
    log: silentLogger,
    itemsOf: ({ item }) => [item],
    async apply({ item }) {
      await clock.advance(10);
      done.push(item);
      await apply(item);
      return changed(1);
    },
  });
  return { report, done };
}

test('one that fails does not keep the others from being tried', async () => {
  const { report, done } = await applied(1000, async (item) => {
    if (item === 'a') throw new Error('sick');
  });
  expect(done).toEqual(['a', 'b', 'c']);
  expect(report).toEqual({ changed: 2, failed: [{ item: 'a', reason: 'sick' }], more: false });
});

test.each([
  { endsAt: 0, done: ['a'], more: true },
  { endsAt: 15, done: ['a', 'b'], more: true },
  { endsAt: 30, done: ['a', 'b', 'c'], more: false },
])('a budget of $endsAt ms: $done', async ({ endsAt, done, more }) => {
  const result = await applied(endsAt, async () => {});
  expect(result.done).toEqual(done);
  expect(result.report).toEqual({ changed: done.length, failed: [], more });
});
