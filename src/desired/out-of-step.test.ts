import { expect, test } from 'vitest';
import { at, folder, node, peer, replica, view } from '../../test/builders/volume-view.ts';
import { isOutOfStep, stepRecheckMs } from './out-of-step.ts';

function seen(n1: number, n2: number, remoteNeedEmpty = false) {
  const one = replica('n1', ['n2'], {
    status: { observedAt: at(n1), folder: folder(['n2'], { peers: [peer('n2', { remoteNeedEmpty })] }) },
  });
  const other = replica('n2', ['n1'], { status: { observedAt: at(n2), folder: folder(['n1']) } });
  const found = view({ replicas: [one, other], nodes: [node('n1'), node('n2')] });
  return { one, other, found };
}

test.each([
  { what: 'both reports are old', n1: -31_000, n2: -40_000, isLasting: true, recheckMs: undefined },
  { what: 'one is new', n1: -31_000, n2: -20_000, isLasting: false, recheckMs: 10_001 },
  { what: 'both are new', n1: -1_000, n2: -2_000, isLasting: false, recheckMs: 29_001 },
])('a contradiction where $what', ({ n1, n2, isLasting, recheckMs }) => {
  const { one, other, found } = seen(n1, n2);
  expect(isOutOfStep(found, one, other)).toBe(isLasting);
  expect(isOutOfStep(found, other, one)).toBe(isLasting);
  expect(stepRecheckMs(found)).toBe(recheckMs);
});

test('where nothing is owed there is none to wait for', () => {
  const { one, other, found } = seen(-1_000, -31_000, true);
  expect(isOutOfStep(found, one, other)).toBe(false);
  expect(stepRecheckMs(found)).toBeUndefined();
});
