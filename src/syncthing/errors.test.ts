import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SyncthingError } from './errors.ts';

test.each([
  [Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), 'unreachable'],
  [Object.assign(new Error('x'), { code: 'ENOENT' }), 'unreachable'],
  [new DOMException('x', 'TimeoutError'), 'timeout'],
  [new DOMException('x', 'AbortError'), 'aborted'],
  [new SyntaxError('x'), 'malformed'],
  ['text', 'malformed'],
])('%s is %s', (thrown, kind) => {
  expect(SyncthingError.from(thrown)).toMatchObject({ kind, cause: thrown });
});

test('a SyncthingError stays the same object', () => {
  const error = new SyncthingError('rejected', 'no');
  expect(SyncthingError.from(error)).toBe(error);
});

test('property: from is total', () => {
  fc.assert(
    fc.property(fc.anything({ withNullPrototype: true }), (thrown) => {
      expect(SyncthingError.from(thrown)).toBeInstanceOf(SyncthingError);
    }),
  );
});
