import { expect, test } from 'vitest';
import { handoffBase, holder } from '../../test/builders/volume-view.ts';
import { isUnproven, provenState } from './taken-back.ts';

const BASE = handoffBase(['n1'], { kind: 'failover', epoch: 3, session: 0 });
const SECOND = 1_767_323_045;

test.each([
  [{ sequence: 11, second: 1 }, true],
  [{ sequence: 10, second: SECOND }, false],
])('without a proof in the epoch the sequence tells: %o', (deletion, expected) => {
  expect(isUnproven(deletion, provenState(BASE, holder('n1')))).toBe(expected);
});

test.each([
  [{ sequence: 1, second: SECOND + 1 }, true],
  [{ sequence: 11, second: SECOND }, true],
  [{ sequence: 10, second: SECOND }, false],
  [{ sequence: 11, second: SECOND - 1 }, false],
])('with a proof the clock of the lost node does: %o', (deletion, expected) => {
  const provenThrough = new Date(SECOND * 1000 + 700).toISOString();
  expect(isUnproven(deletion, provenState({ ...BASE, provenThrough }, holder('n1')))).toBe(expected);
});

test.each([
  [{ sequence: 5, second: SECOND + 7200 }, false],
  [{ sequence: 6, second: SECOND + 7200 }, true],
])(
  'what the source had before that writer began is proven by whose clock soever: %o',
  (deletion, expected) => {
    const provenThrough = new Date(SECOND * 1000).toISOString();
    const base = { ...BASE, provenThrough, heldBefore: 5 };
    expect(isUnproven(deletion, provenState(base, holder('n1')))).toBe(expected);
  },
);
