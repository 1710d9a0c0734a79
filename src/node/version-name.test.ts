import { expect, test } from 'vitest';
import { versionOf } from './version-name.ts';

test.each([
  ['data/a~20260102-030405', 'data/a'],
  ['data/a~20260102-030405.txt', 'data/a.txt'],
  ['data/d.e/a.tar~20260102-030405.gz', 'data/d.e/a.tar.gz'],
  ['data/d~1/a~b~20260102-030405', 'data/d~1/a~b'],
])('%s is a version of %s', (file, name) => {
  expect(versionOf(file)).toEqual({ file, name, stamp: '20260102-030405' });
});

test.each(['data/a', 'data/a~1', 'data/a~20260102-030405.d/b'])('%s is none', (file) => {
  expect(versionOf(file)).toBeUndefined();
});
