import { expect, test } from 'vitest';
import { holdsWithout } from './new-rule.ts';

const isNew = (field: string) => field === 'fresh' || field === 'young';

test.each([
  '!has(self.fresh)',
  '!has(self.fresh) || self.fresh > 3',
  '!has(self.old) || !has(self.fresh) || self.fresh.size() == 0',
  'self.old == "||" && false || !has(self.fresh)',
  '!has(oldSelf.fresh) || has(self.fresh)',
  'has(self.fresh) == has(oldSelf.fresh) && (!has(self.fresh) || self.fresh == oldSelf.fresh)',
  '(!has(self.fresh)) && (!has(self.young) || self.young == 1)',
])('%s refuses nothing that was valid before', (rule) => {
  expect(holdsWithout(rule, isNew)).toBe(true);
});

test.each([
  'has(self.fresh)',
  '!has(self.old)',
  '!has(self.old) || self.old > 3',
  '!has(self.fresh) && self.old > 3',
  '!(!has(self.fresh))',
  'self.old == "a || !has(self.fresh) || b"',
  "self.old == 'a || !has(self.fresh) || b'",
  'self.old.all(each, !has(self.fresh) || each > 1)',
  '(!has(self.fresh) || self.old > 3) == (!has(self.fresh))',
  '!has(self.fresh) || has(self.young) ? self.old > 3 : self.old > 4',
  'has(self.fresh) == has(oldSelf.young)',
  'self.old == "\\"" || !has(self.fresh)',
])('%s may refuse some', (rule) => {
  expect(holdsWithout(rule, isNew)).toBe(false);
});
