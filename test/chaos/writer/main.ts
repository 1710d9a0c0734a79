import { write } from './write.ts';

const { env } = process;
const abort = new AbortController();
process.on('SIGTERM', () => {
  abort.abort();
});
await write({
  root: '/data',
  logDirectory: '/log',
  name: env['WRITER_NAME'] ?? '',
  pauseMs: Number(env['WRITER_PAUSE_MS'] ?? 50),
  quiet: env['WRITER_QUIET'] === 'yes',
  now: () => Date.now(),
  signal: abort.signal,
});
