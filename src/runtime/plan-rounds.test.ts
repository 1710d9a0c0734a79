import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  begun,
  ended,
  firstRound,
  HELPERS,
  helpersOf,
  nextTurn,
  requested,
  type HelperName,
  type HelperOutcome,
  type RoundReason,
  type RoundsState,
} from './plan-rounds.ts';

const times = { debounceMs: 100, safetyMs: 60_000, delayMs: (failures: number) => 1000 * failures };

/** Everything has run once, long ago, and nothing is asked. */
function idle(now: number): RoundsState {
  const at = { now, times };
  return HELPERS.reduce(
    (state, helper) => ended(begun(state, helper, at), { helper, outcome: 'done' }, at),
    firstRound(now),
  );
}

type Event =
  | { readonly ask: RoundReason; readonly now: number }
  | { readonly begin: HelperName; readonly now: number }
  | { readonly end: HelperName; readonly outcome: HelperOutcome; readonly now: number };

function after(events: readonly Event[], state: RoundsState): RoundsState {
  return events.reduce((before, event) => {
    const at = { now: event.now, times };
    if ('ask' in event) return requested(before, event.ask, at);
    if ('begin' in event) return begun(before, event.begin, at);
    return ended(before, { helper: event.end, outcome: event.outcome }, at);
  }, state);
}

const rows: readonly {
  readonly name: string;
  readonly events: readonly Event[];
  readonly now: number;
  readonly next: HelperName | number;
}[] = [
  { name: 'nothing asked: waits for the safety pass', events: [], now: 10, next: 59_990 },
  { name: 'the safety pass', events: [], now: 60_000, next: 'introducer' },
  { name: 'a change waits for the debounce', events: [{ ask: 'change', now: 10 }], now: 10, next: 100 },
  {
    name: 'a later change does not put the round off',
    events: [
      { ask: 'change', now: 10 },
      { ask: 'change', now: 90 },
    ],
    now: 110,
    next: 'introducer',
  },
  { name: 'urgent jumps the debounce', events: [{ ask: 'urgent', now: 10 }], now: 10, next: 'introducer' },
  {
    name: 'urgent is introducer and resharer alone',
    events: [
      { ask: 'urgent', now: 10 },
      { begin: 'introducer', now: 10 },
      { end: 'introducer', outcome: 'done', now: 20 },
      { begin: 'resharer', now: 20 },
      { end: 'resharer', outcome: 'done', now: 30 },
    ],
    now: 30,
    next: 59_970,
  },
  {
    name: 'urgent goes in between the helpers of a full round',
    events: [
      { ask: 'change', now: 0 },
      { begin: 'introducer', now: 100 },
      { end: 'introducer', outcome: 'done', now: 110 },
      { begin: 'resharer', now: 110 },
      { end: 'resharer', outcome: 'done', now: 120 },
      { ask: 'urgent', now: 130 },
    ],
    now: 140,
    next: 'introducer',
  },
  {
    name: 'and then the full round goes on',
    events: [
      { ask: 'change', now: 0 },
      { begin: 'introducer', now: 100 },
      { ask: 'urgent', now: 105 },
      { end: 'introducer', outcome: 'done', now: 110 },
      { begin: 'introducer', now: 110 },
      { end: 'introducer', outcome: 'done', now: 120 },
      { begin: 'resharer', now: 120 },
      { end: 'resharer', outcome: 'done', now: 130 },
    ],
    now: 130,
    next: 'deleter',
  },
  {
    name: 'a request during a pass makes one more',
    events: [
      { ask: 'urgent', now: 0 },
      { begin: 'introducer', now: 0 },
      { ask: 'urgent', now: 5 },
      { end: 'introducer', outcome: 'done', now: 10 },
    ],
    now: 10,
    next: 'introducer',
  },
  {
    name: 'more: again at once',
    events: [
      { begin: 'deleter', now: 0 },
      { end: 'deleter', outcome: 'more', now: 10 },
    ],
    now: 10,
    next: 'deleter',
  },
  {
    name: 'a failure backs off, whatever changes',
    events: [
      { begin: 'resharer', now: 0 },
      { end: 'resharer', outcome: 'failed', now: 10 },
      { begin: 'resharer', now: 1010 },
      { end: 'resharer', outcome: 'failed', now: 1020 },
      { ask: 'change', now: 1020 },
      ...(['introducer', 'deleter', 'nodewatcher'] as const).flatMap((helper): Event[] => [
        { begin: helper, now: 1120 },
        { end: helper, outcome: 'done', now: 1120 },
      ]),
    ],
    now: 1120,
    next: 1900,
  },
  {
    name: 'urgent jumps the back-off',
    events: [
      { begin: 'introducer', now: 0 },
      { end: 'introducer', outcome: 'failed', now: 10 },
      { ask: 'urgent', now: 20 },
    ],
    now: 20,
    next: 'introducer',
  },
  {
    name: 'a failure does not hold up what asked urgently meanwhile',
    events: [
      { begin: 'introducer', now: 0 },
      { ask: 'urgent', now: 5 },
      { end: 'introducer', outcome: 'failed', now: 10 },
    ],
    now: 10,
    next: 'introducer',
  },
  {
    name: 'who has waited for a whole safety time goes before the urgent',
    events: [{ ask: 'urgent', now: 120_000 }],
    now: 120_000,
    next: 'introducer',
  },
  {
    name: 'so that the deleter has its turn',
    events: [
      { begin: 'introducer', now: 120_000 },
      { begin: 'resharer', now: 120_000 },
      { ask: 'urgent', now: 120_001 },
    ],
    now: 120_001,
    next: 'deleter',
  },
];

test.each(rows)('$name', ({ events, now, next }) => {
  const turn = nextTurn(after(events, idle(0)), now, times);
  expect(turn).toEqual(typeof next === 'number' ? { kind: 'wait', ms: next } : { kind: 'run', helper: next });
});

test('the first round is full, and at once', () => {
  expect(nextTurn(firstRound(7), 7, times)).toEqual({ kind: 'run', helper: 'introducer' });
});

const action = fc.record({
  step: fc.integer({ min: 0, max: 30_000 }),
  ask: fc.option(fc.constantFrom<RoundReason>('urgent', 'change'), { nil: undefined }),
  outcome: fc.constantFrom<HelperOutcome>('done', 'more', 'failed'),
});

test('property: whatever is asked is begun within two safety times of turns', () => {
  fc.assert(
    fc.property(
      fc.array(action, { maxLength: 40 }),
      fc.constantFrom<RoundReason>('urgent', 'change'),
      (history, ask) => {
        let now = 0;
        let state = firstRound(now);
        for (const event of history) {
          now += event.step;
          if (event.ask !== undefined) state = requested(state, event.ask, { now, times });
          const turn = nextTurn(state, now, times);
          if (turn.kind === 'wait') continue;
          state = begun(state, turn.helper, { now, times });
          state = ended(state, { helper: turn.helper, outcome: event.outcome }, { now, times });
        }
        state = requested(state, ask, { now, times });
        const missing = new Set(helpersOf(ask));
        const end = now + 2 * times.safetyMs;
        while (missing.size > 0 && now <= end) {
          const turn = nextTurn(state, now, times);
          if (turn.kind === 'wait') {
            now += turn.ms;
            continue;
          }
          missing.delete(turn.helper);
          state = begun(state, turn.helper, { now, times });
          state = ended(state, { helper: turn.helper, outcome: 'done' }, { now, times });
        }
        expect([...missing]).toEqual([]);
      },
    ),
  );
});

test('property: a wait is never negative and never longer than the safety time', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 20 }), (history) => {
      let now = 0;
      let state = idle(now);
      for (const event of history) {
        now += event.step;
        if (event.ask !== undefined) state = requested(state, event.ask, { now, times });
        const turn = nextTurn(state, now, times);
        if (turn.kind === 'run') state = begun(state, turn.helper, { now, times });
        else expect(turn.ms).toSatisfy((ms: number) => ms > 0 && ms <= times.safetyMs);
      }
    }),
  );
});
