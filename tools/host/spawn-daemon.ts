import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { HostError } from './errors.ts';
import { type PidIdentity, readPidIdentity } from './pid-identity.ts';
import type { Command } from './run-command.ts';

/** The whole environment of a daemon: nothing of the user's, above all no proxy, gets into the cluster. */
export type DaemonOptions = { readonly logFile: string; readonly env: Readonly<Record<string, string>> };

/** Starts a program that outlives us, in a session of its own (Ctrl-C does not reach it), its output added to a log. */
export function spawnDaemon(command: Command, options: DaemonOptions): PidIdentity {
  mkdirSync(dirname(options.logFile), { recursive: true });
  const log = openSync(options.logFile, 'a');
  const [file, ...args] = command;
  const child = spawn(file, args, {
    cwd: '/',
    detached: true,
    env: { ...options.env },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  // Not started: said by the missing pid below. An unheard event would end this process instead.
  child.on('error', () => undefined);
  child.unref();
  const identity = child.pid === undefined ? undefined : readPidIdentity(child.pid);
  if (identity === undefined)
    throw new HostError('command-failed', `${file} did not start; log: ${options.logFile}`);
  return identity;
}
