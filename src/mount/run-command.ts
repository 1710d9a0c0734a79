import { execa } from 'execa';
import type { MountErrorKind } from './errors.ts';
import { MountError } from './errors.ts';

export interface CommandOptions {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

/** Runs mount, umount or sync; what they complain of becomes a MountError. */
export async function runCommand(
  command: readonly [string, ...string[]],
  options: CommandOptions,
): Promise<void> {
  const [file, ...args] = command;
  const what = command.join(' ');
  const cancelled = (): MountError =>
    new MountError('cancelled', `${what}: cancelled`, { cause: options.signal.reason });
  // execa starts the program all the same, and mount may be done before it is killed.
  if (options.signal.aborted) throw cancelled();
  const result = await execa(file, args, {
    // The kinds are told by the English messages.
    env: { LC_ALL: 'C' },
    stdin: 'ignore',
    cancelSignal: options.signal,
    timeout: options.timeoutMs,
    forceKillAfterDelay: 1000,
    reject: false,
  });
  if (!result.failed) return;
  if (result.isCanceled) throw cancelled();
  if (result.timedOut) throw new MountError('timeout', `${what}: not done within ${options.timeoutMs} ms`);
  const complaint = result.stderr.trim() || (result.message ?? 'failed');
  throw new MountError(kindOf(complaint), `${what}: ${complaint}`);
}

const kinds: readonly (readonly [RegExp, MountErrorKind])[] = [
  [/busy/i, 'busy'],
  [/does not exist|no such file|ENOENT|not a directory/i, 'not-found'],
  [/permission denied|not permitted|superuser|write-protected/i, 'permission'],
  [/no space/i, 'no-space'],
];

function kindOf(complaint: string): MountErrorKind {
  return kinds.find(([pattern]) => pattern.test(complaint))?.[1] ?? 'failed';
}
