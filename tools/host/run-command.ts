import { ExecaError, execa } from 'execa';
import { HostError } from './errors.ts';

export type Command = readonly [string, ...string[]];

export type RunOptions = {
  readonly signal: AbortSignal;
  readonly timeoutMs?: number;
  readonly cwd?: string;
  /** Added to the environment; undefined takes a variable out. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly input?: string;
  /** Both outputs, joined, are written there as well. */
  readonly logFile?: string;
  readonly onLine?: (line: string) => void;
};

function lastLines(text: string, count: number): string {
  return text.trim().split('\n').slice(-count).join('\n');
}

/** What a program said at last, for the message of a failed step. */
function explain(error: ExecaError, command: Command, options: RunOptions): HostError {
  const line = command.join(' ').slice(0, 300);
  const said = lastLines(`${String(error.stderr ?? '')}\n${String(error.stdout ?? '')}`, 15);
  const log = options.logFile === undefined ? '' : `\nwhole log: ${options.logFile}`;
  if (error.code === 'ENOENT')
    return new HostError('command-missing', `${command[0]} is not installed`, { cause: error });
  if (error.isCanceled)
    return new HostError('interrupted', `interrupted while running: ${line}`, { cause: error });
  if (error.timedOut)
    return new HostError('timeout', `no end after ${options.timeoutMs} ms: ${line}\n${said}${log}`, {
      cause: error,
    });
  const how = error.signal === undefined ? `exit code ${error.exitCode}` : error.signal;
  return new HostError('command-failed', `${line}\nended with ${how}:\n${said}${log}`, { cause: error });
}

/** Runs a program to its end and gives back its stdout. The deadline is 60 s unless given; an abort ends the program. */
export async function runCommand(command: Command, options: RunOptions): Promise<string> {
  const [file, ...args] = command;
  const log =
    options.logFile === undefined ? 'pipe' : ['pipe' as const, { file: options.logFile, append: true }];
  const child = execa(file, args, {
    all: true,
    cancelSignal: options.signal,
    timeout: options.timeoutMs ?? 60_000,
    env: { LC_ALL: 'C', ...options.env },
    stdout: log,
    stderr: log,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
  });
  try {
    if (options.onLine !== undefined)
      for await (const line of child.iterable({ from: 'all' })) options.onLine(String(line));
    return String((await child).stdout ?? '');
  } catch (error) {
    if (error instanceof ExecaError) throw explain(error, command, options);
    throw error;
  }
}
