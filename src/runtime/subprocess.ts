import { execa } from 'execa';
import * as z from 'zod/mini';
import type { Logger } from './logger.ts';

export interface HelperOptions<Report> {
  /** For messages, for example `introducer`. */
  readonly name: string;
  readonly command: HelperCommand;
  /** Written to stdin as JSON. */
  readonly input: unknown;
  /** What stdout must hold. */
  readonly report: z.core.$ZodType<Report>;
  /** After this SIGTERM, and `killAfterMs` later SIGKILL. */
  readonly timeoutMs: number;
  readonly killAfterMs: number;
  /** Gets what the helper writes on stderr, line by line. */
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** The whole environment of the helper; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
}

/** Program and arguments. */
export type HelperCommand = readonly [file: string, ...args: string[]];

export type HelperResult<Report> =
  | { readonly kind: 'ok'; readonly report: Report; readonly durationMs: number }
  /** Ended by itself, not well. */
  | {
      readonly kind: 'failed';
      readonly message: string;
      readonly exitCode?: number;
      readonly signal?: string;
    }
  /** Did not end in time and was killed, which is safe: the next pass starts from what it reads. */
  | { readonly kind: 'hung'; readonly message: string }
  /** Exit code 0, and a report that is none. */
  | { readonly kind: 'malformed'; readonly message: string }
  | { readonly kind: 'cancelled' };

/** More than any report needs; a helper that writes for ever must not take its parent along. */
const maxReportChars = 16 * 1024 * 1024;

/** One pass of a helper program. Never throws: a helper's crash is a result, and the caller goes on. */
export async function runHelper<Report>(options: HelperOptions<Report>): Promise<HelperResult<Report>> {
  const [file, ...args] = options.command;
  const lines = lineForwarder(options.log);
  const result = await execa(file, args, {
    input: JSON.stringify(options.input),
    env: options.env,
    extendEnv: false,
    stdout: 'pipe',
    stderr: ['pipe', lines.forward],
    maxBuffer: { stdout: maxReportChars },
    timeout: options.timeoutMs,
    forceKillAfterDelay: options.killAfterMs,
    cancelSignal: options.signal,
    reject: false,
  });
  if (result.isCanceled) return { kind: 'cancelled' };
  if (result.timedOut) {
    return {
      kind: 'hung',
      message: `${options.name} was not done within ${options.timeoutMs} ms and was killed`,
    };
  }
  if (result.failed) return failure(options.name, result, lines.last());
  return parseReport(options, result.stdout, result.durationMs);
}

interface FailedProcess {
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  readonly shortMessage?: string | undefined;
}

function failure(name: string, ended: FailedProcess, lastLine: string): HelperResult<never> {
  const { exitCode, signal, shortMessage } = ended;
  const how = signal
    ? `was killed by ${signal}`
    : exitCode
      ? `ended with exit code ${exitCode}`
      : (shortMessage ?? 'failed');
  const message = `${name} ${how}${lastLine && `: ${lastLine}`}`;
  return { kind: 'failed', message, ...(exitCode !== undefined && { exitCode }), ...(signal && { signal }) };
}

function parseReport<Report>(
  { name, report }: HelperOptions<Report>,
  stdout: string,
  durationMs: number,
): HelperResult<Report> {
  const parsed = z.safeParse(report, parseJson(stdout));
  if (parsed.success) return { kind: 'ok', report: parsed.data, durationMs };
  return { kind: 'malformed', message: `the report of ${name} is not one: ${z.prettifyError(parsed.error)}` };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The schema refuses undefined, and says what it wanted instead.
    return undefined;
  }
}

const logLine = z.looseObject({
  level: z.enum(['debug', 'info', 'warn', 'error']),
  msg: z.string(),
  time: z.optional(z.unknown()),
});

interface LineForwarder {
  /** For execa; gives nothing on, so nothing is kept in memory however much is written. */
  readonly forward: (line: unknown) => Generator<string>;
  /** What the helper said last. */
  readonly last: () => string;
}

/** A line that a logger wrote keeps its level and fields; anything else, a stack for example, is a warning. */
function lineForwarder(log: Logger): LineForwarder {
  let last = '';
  function take(line: string): void {
    const entry = logLine.safeParse(parseJson(line));
    if (entry.success) {
      const { level, msg, time: _, ...fields } = entry.data;
      log[level](fields, msg);
      last = msg;
    } else {
      log.warn({ line }, 'helper wrote to stderr');
      last = line;
    }
  }
  return {
    *forward(line) {
      if (typeof line === 'string' && line !== '') take(line);
      yield* [];
    },
    last: () => last,
  };
}
