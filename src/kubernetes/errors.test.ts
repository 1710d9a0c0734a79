import { describe, expect, test } from 'vitest';
import { KubernetesError } from './errors.ts';
import { refusalError, watchError } from './status-error.ts';

function status(code: number, reason: string, details: object = { name: 'x' }): object {
  return { kind: 'Status', code, reason, message: `because ${reason}`, details };
}

describe('an error of the API server', () => {
  test.each([
    [400, status(400, 'BadRequest'), 'invalid'],
    [401, status(401, 'Unauthorized'), 'forbidden'],
    [403, status(403, 'Forbidden'), 'forbidden'],
    [404, status(404, 'NotFound'), 'not-found'],
    [404, status(404, 'NotFound', {}), 'unexpected'],
    [404, '404 page not found', 'unexpected'],
    [409, status(409, 'AlreadyExists'), 'already-exists'],
    [409, status(409, 'Conflict'), 'conflict'],
    [410, status(410, 'Expired'), 'gone'],
    [410, status(410, 'Gone'), 'gone'],
    [422, status(422, 'Invalid'), 'invalid'],
    [422, status(422, 'Invalid', {}), 'conflict'],
    [422, status(422, 'Invalid', { name: 'x', causes: [{ field: 'metadata.uid' }] }), 'conflict'],
    [429, status(429, 'TooManyRequests'), 'too-many-requests'],
    [500, status(500, 'InternalError'), 'unexpected'],
    [503, 'upstream connect error', 'unreachable'],
    [504, status(504, 'Timeout'), 'timeout'],
  ])('%i %j is %s', (code, body, kind) => {
    expect(refusalError({ what: 'get x', code, body })).toMatchObject({ kind });
  });

  test('says when to come again, by body or header', () => {
    const body = status(429, 'TooManyRequests', { retryAfterSeconds: 3 });
    expect(refusalError({ what: 'x', code: 429, body }).retryAfterMs).toBe(3000);
    expect(refusalError({ what: 'x', code: 429, body: '', retryAfter: '2' }).retryAfterMs).toBe(2000);
    expect(refusalError({ what: 'x', code: 429, body: '' }).retryAfterMs).toBeUndefined();
  });

  test('quotes the message of the server alone, and not without end', () => {
    const body = { ...status(422, 'Invalid'), message: 'm'.repeat(5000), token: 'hunter2' };
    const { message } = refusalError({ what: 'create Pod x', code: 422, body });
    expect(message).toMatch(/^create Pod x: m+$/);
    expect(message.length).toBeLessThan(1100);
  });

  test('in a watch is told by its code', () => {
    expect(watchError('watch', status(410, 'Expired'))).toMatchObject({ kind: 'gone' });
    expect(watchError('watch', 'nonsense')).toMatchObject({ kind: 'unexpected' });
  });
});

describe('KubernetesError.from', () => {
  test.each([
    [new KubernetesError('conflict', 'x'), 'conflict'],
    [Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), 'unreachable'],
    [Object.assign(new Error('x'), { code: 'CERT_HAS_EXPIRED' }), 'unreachable'],
    [Object.assign(new Error('x'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }), 'unreachable'],
    [Object.assign(new Error('x'), { code: 'ENOENT' }), 'unexpected'],
    [new DOMException('x', 'AbortError'), 'aborted'],
    [new DOMException('x', 'TimeoutError'), 'timeout'],
    [new TypeError('x'), 'unexpected'],
    ['text', 'unexpected'],
    [undefined, 'unexpected'],
    [null, 'unexpected'],
  ])('%s is %s', (thrown, kind) => {
    expect(KubernetesError.from(thrown, 'list pods')).toMatchObject({ kind });
  });
});
