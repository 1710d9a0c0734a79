import type { Logger } from './logger.ts';

/** What a program needs of `process`, so that a test can give its own. */
export interface ProcessLike {
  on(event: 'SIGTERM' | 'SIGINT', listener: () => void): unknown;
  on(event: 'uncaughtException' | 'unhandledRejection', listener: (error: unknown) => void): unknown;
  exitCode?: number | string | null | undefined;
  exit(code: number): unknown;
}

export interface RunOptions {
  readonly process: ProcessLike;
  readonly log: Logger;
  /** How long `main` may take to end after its signal has fired; then the process ends without it. */
  readonly drainMs: number;
}

/** Exit codes: 0 done or stopped by a signal, 1 failed, 2 did not end in time. */
const exitCodes = { ok: 0, failed: 1, stuck: 2 } as const;

/**
 * Runs a program until it ends or a signal ends it. The first SIGTERM or SIGINT fires the signal given to `main`, which
 * drains and returns; a second one, or a drain that takes too long, ends the process at once. An error nobody caught
 * ends it too: its state is on the disks and in the API, and going on with a broken one is worse.
 */
export async function run(main: (signal: AbortSignal) => Promise<void>, options: RunOptions): Promise<void> {
  const { process, log, drainMs } = options;
  const stop = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  function onSignal(name: string): void {
    if (stop.signal.aborted) {
      log.warn({ signal: name }, 'second signal, ending at once');
      process.exit(exitCodes.stuck);
      return;
    }
    log.info({ signal: name }, 'stopping');
    timer = setTimeout(() => {
      log.error({ drainMs }, 'did not stop in time');
      process.exit(exitCodes.stuck);
    }, drainMs);
    stop.abort(new DOMException(`stopped by ${name}`, 'AbortError'));
  }
  process.on('SIGTERM', () => onSignal('SIGTERM'));
  process.on('SIGINT', () => onSignal('SIGINT'));
  process.on('uncaughtException', (error) => crash(options, error));
  process.on('unhandledRejection', (error) => crash(options, error));
  try {
    await main(stop.signal);
    process.exitCode = exitCodes.ok;
  } catch (error) {
    endWith(error, stop.signal, options);
  } finally {
    clearTimeout(timer);
  }
}

function crash({ process, log }: RunOptions, error: unknown): void {
  log.error({ error }, 'unexpected error, ending');
  process.exit(exitCodes.failed);
}

/** What was cut short by the signal that we were asked to stop with is no failure. */
function endWith(error: unknown, signal: AbortSignal, { process, log }: RunOptions): void {
  if (signal.aborted && error === signal.reason) {
    process.exitCode = exitCodes.ok;
    return;
  }
  log.error({ error }, 'program failed');
  process.exitCode = exitCodes.failed;
}
