import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createPino } from '../../../src/runtime/logger.ts';
import type { HelperOptions } from '../../../src/runtime/subprocess.ts';
import { runHelper } from '../../../src/runtime/subprocess.ts';

const report = z.object({ keys: z.array(z.string()), read: z.number() });
type Report = z.infer<typeof report>;

/** Runs a script of Node as a helper. */
async function run(script: string, different: Partial<HelperOptions<Report>> = {}) {
  const lines: unknown[] = [];
  const result = await runHelper({
    name: 'introducer',
    command: [process.execPath, '-e', script],
    input: { view: 'x'.repeat(200_000) },
    report,
    timeoutMs: 20_000,
    killAfterMs: 100,
    log: createPino({ level: 'debug' }, { write: (line) => void lines.push(JSON.parse(line)) }),
    signal: new AbortController().signal,
    env: { ONLY: 'this' },
    ...different,
  });
  return { result, lines };
}

const good = `
  let text = '';
  process.stdin.on('data', (chunk) => (text += chunk)).on('end', () => {
    console.log(JSON.stringify({ keys: Object.keys(process.env), read: JSON.parse(text).view.length }));
  });`;

describe('a helper that does its work', () => {
  test('gets its view, nothing of the environment, and its report is parsed', async () => {
    const { result } = await run(good);
    expect(result).toMatchObject({ kind: 'ok', report: { keys: ['ONLY'], read: 200_000 } });
  });

  test('may leave its input unread', async () => {
    const { result } = await run(`process.stdin.destroy(); console.log('{"keys":[],"read":0}')`);
    expect(result).toMatchObject({ kind: 'ok' });
  });

  test('has its log in ours: lines of a logger with level and fields, others as warnings', async () => {
    const line = JSON.stringify({ level: 'info', time: 't', folder: 'v', msg: 'shared' });
    const { lines } = await run(`console.error(${JSON.stringify(line)}); console.error('plain'); ${good}`);
    expect(lines).toMatchObject([
      { level: 'info', folder: 'v', msg: 'shared' },
      { level: 'warn', line: 'plain', msg: 'helper wrote to stderr' },
    ]);
  });
});

describe('a helper that does not', () => {
  test('has failed, with what it said last', async () => {
    const { result } = await run(`console.error('no key'); process.exitCode = 3;`);
    expect(result).toEqual({
      kind: 'failed',
      message: 'introducer ended with exit code 3: no key',
      exitCode: 3,
    });
  });

  test('was killed by somebody', async () => {
    const { result } = await run(`process.kill(process.pid, 'SIGKILL')`);
    expect(result).toEqual({
      kind: 'failed',
      message: 'introducer was killed by SIGKILL',
      signal: 'SIGKILL',
    });
  });

  test('cannot be started', async () => {
    const { result } = await run('', { command: ['/nonexistent/helper'] });
    expect(result).toMatchObject({ kind: 'failed', message: expect.stringContaining('ENOENT') });
  });

  test('hangs, and is killed even if it does not want to be', async () => {
    const script = `process.on('SIGTERM', () => {}); setInterval(() => {}, 1000);`;
    const { result } = await run(script, { timeoutMs: 300 });
    expect(result).toEqual({ kind: 'hung', message: 'introducer was not done within 300 ms and was killed' });
  });

  test.for(['', 'text', '{"keys":[]}', '[]'])('reports %j, which is no report', async (text) => {
    const { result } = await run(`process.stdout.write(${JSON.stringify(text)})`);
    expect(result).toMatchObject({ kind: 'malformed', message: expect.stringContaining('introducer') });
  });

  test('is not needed any more', async () => {
    const stop = new AbortController();
    const running = run(`setInterval(() => {}, 1000)`, { signal: stop.signal });
    stop.abort();
    expect((await running).result).toEqual({ kind: 'cancelled' });
  });
});
