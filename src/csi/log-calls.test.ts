import { expect, test } from 'vitest';
import { createFakeClock } from '../runtime/fake-clock.ts';
import { createPino } from '../runtime/logger.ts';
import { CsiError } from './errors.ts';
import { logCalls } from './log-calls.ts';
import type { Rpc } from './rpc.ts';

async function logged(name: string, request: object, rpc: Rpc<object, object>): Promise<readonly object[]> {
  const lines: object[] = [];
  const log = createPino({ level: 'info' }, { write: (line) => void lines.push(JSON.parse(line)) });
  const method = { service: 'csi.v1.Controller', name, requestType: `csi.v1.${name}Request` };
  const context = { signal: new AbortController().signal, deadlineMs: 0, log };
  await logCalls(createFakeClock())(method, rpc)(request, context).catch(() => {});
  return lines;
}

test('an answer is one line that names the volume', async () => {
  const lines = await logged('DeleteVolume', { volumeId: 'v' }, async () => ({}));
  expect(lines).toMatchObject([{ level: 'info', msg: 'call answered', volumeId: 'v', durationMs: 0 }]);
});

test.for(['Probe', 'NodeGetCapabilities', 'ListVolumes'])(
  '%s is not worth a line, unless it fails',
  async (name) => {
    expect(await logged(name, {}, async () => ({}))).toEqual([]);
    const failed = await logged(name, {}, () => Promise.reject(new CsiError('unavailable', 'no')));
    expect(failed).toMatchObject([{ msg: 'call refused', kind: 'unavailable', reason: 'no' }]);
  },
);

test('a refusal tells what went wrong underneath, without the stack of what is no bug', async () => {
  const error = new CsiError('unavailable', 'the API server does not answer', {
    cause: new Error('ECONNREFUSED'),
  });
  const lines = await logged('CreateVolume', { name: 'pvc-1' }, () => Promise.reject(error));
  expect(lines).toMatchObject([{ level: 'info', name: 'pvc-1', cause: { message: 'ECONNREFUSED' } }]);
  expect(lines[0]).not.toHaveProperty('error');
});

test('a bug is an error with its stack', async () => {
  const lines = await logged('CreateVolume', { name: 'pvc-1' }, () =>
    Promise.reject(new TypeError('x is undefined')),
  );
  expect(lines).toMatchObject([
    {
      level: 'error',
      msg: 'call failed unexpectedly',
      error: { cause: { name: 'TypeError', stack: expect.any(String) } },
    },
  ]);
});
