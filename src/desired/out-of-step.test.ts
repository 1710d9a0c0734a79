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
  ['both reports are old', -31_000, -40_000, true, undefined],
  ['one is new', -31_000, -20_000, false, 10_001],
  ['both are new', -1_000, -2_000, false, 29_001],
])('a contradiction where %s', (_what, n1, n2, isLasting, recheckMs) => {
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
