import { expect, test } from 'vitest';
import { createPino } from './logger.ts';

function logged(level: 'debug' | 'info' = 'info') {
  const lines: string[] = [];
  const log = createPino({ level, fields: { program: 'node' } }, { write: (line) => void lines.push(line) });
  return { log, lines };
}

test('a line has level, time, fields and message', () => {
  const { log, lines } = logged();
  log.child({ rpc: 'NodeStageVolume' }).info({ volumeId: 'v' }, 'call answered');
  const line: unknown = JSON.parse(lines[0] ?? '');
  expect(line).toMatchObject({
    level: 'info',
    program: 'node',
    rpc: 'NodeStageVolume',
    volumeId: 'v',
    msg: 'call answered',
  });
  expect(line).toHaveProperty('time', expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/));
});

test('below its level nothing is written', () => {
  const { log, lines } = logged();
  log.debug({}, 'detail');
  expect(lines).toEqual([]);
});

test('an error has its causes, and nothing else that a library hung on it', () => {
  const { log, lines } = logged();
  const cause = Object.assign(new Error('refused'), {
    code: 'ECONNREFUSED',
    headers: { authorization: 'hunter2' },
  });
  log.error({ error: new Error('no answer', { cause }) }, 'failed');
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    error: { name: 'Error', message: 'no answer', cause: { message: 'refused', code: 'ECONNREFUSED' } },
  });
  expect(lines[0]).not.toContain('hunter2');
});

test.for([
  { secrets: { key: 'hunter2' } },
  { apiKey: 'hunter2' },
  { request: { secrets: { key: 'hunter2' } } },
  { config: { gui: { password: 'hunter2' } } },
  { headers: { 'X-API-Key': 'hunter2' } },
])('%j keeps its secret', (fields) => {
  const { log, lines } = logged();
  log.info(fields, 'message');
  expect(lines[0]).not.toContain('hunter2');
});
