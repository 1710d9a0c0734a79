import { status } from '@grpc/grpc-js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CsiError } from './errors.ts';
import { statusName, toStatus } from './status.ts';

test('an error of this driver keeps its message and gets its code', () => {
  const error = new CsiError('out-of-range', 'too large', { cause: new Error('secret') });
  expect(toStatus(error)).toEqual({ code: status.OUT_OF_RANGE, details: 'too large' });
});

test.for([
  ['TimeoutError', status.DEADLINE_EXCEEDED],
  ['AbortError', status.CANCELLED],
] as const)('a %s is told from a bug', ([name, code]) => {
  expect(toStatus(new DOMException('x', name)).code).toBe(code);
});

test('whatever is thrown becomes an error that says nothing of it, and keeps it as the cause', () => {
  fc.assert(
    fc.property(fc.anything(), (thrown) => {
      const error = CsiError.from(thrown);
      expect(error.kind).toBe('internal');
      expect(error.cause).toBe(thrown);
      expect(toStatus(thrown)).toEqual({ code: status.INTERNAL, details: error.message });
    }),
  );
  expect(toStatus(new Error('hunter2')).details).not.toContain('hunter2');
});

test('codes have the names of gRPC', () => {
  expect(statusName(status.FAILED_PRECONDITION)).toBe('FAILED_PRECONDITION');
});
