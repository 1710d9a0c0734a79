import { expect, test } from 'vitest';
import { randomOf } from './random.ts';

test('each may be picked, also the one that stands for all', () => {
  const random = randomOf('pick');
  const picked = new Set(Array.from({ length: 50 }, () => random.pick([undefined, 'one'])));
  expect(picked).toEqual(new Set([undefined, 'one']));
  expect(() => random.pick([])).toThrow('nothing to pick from');
});
