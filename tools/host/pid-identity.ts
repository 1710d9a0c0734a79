import { readFileSync } from 'node:fs';
import { kill } from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { HostError } from './errors.ts';

/** A process for good: a pid alone may belong to somebody else by the time it is used. */
export type PidIdentity = {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat: clock ticks since boot, as text. */
  readonly startTime: string;
};

type ProcessStat = { readonly state: string; readonly startTime: string };

/** Reads one line of /proc/PID/stat. The command name may hold spaces and brackets, so counting starts after the last bracket. */
export function parseProcessStat(stat: string): ProcessStat | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  const startTime = fields[19];
  if (state === undefined || startTime === undefined) return undefined;
  return { state, startTime };
}

function readStat(pid: number, procDirectory: string): ProcessStat | undefined {
  try {
    return parseProcessStat(readFileSync(`${procDirectory}/${pid}/stat`, 'utf8'));
  } catch {
    return undefined;
  }
}

/** The identity of the process that has this pid now; undefined when there is none. */
export function readPidIdentity(pid: number, procDirectory = '/proc'): PidIdentity | undefined {
  const stat = readStat(pid, procDirectory);
  return stat === undefined ? undefined : { pid, startTime: stat.startTime };
}

/** True while this very process runs. A zombie has ended and waits only for its parent. */
export function isAlive(identity: PidIdentity, procDirectory = '/proc'): boolean {
  const stat = readStat(identity.pid, procDirectory);
  return stat !== undefined && stat.startTime === identity.startTime && stat.state !== 'Z';
}

function sendSignal(identity: PidIdentity, name: 'SIGTERM' | 'SIGKILL'): void {
  if (!isAlive(identity)) return;
  try {
    kill(identity.pid, name);
  } catch {
    // It ended between the look and the signal, which is what was wanted.
  }
}

async function waitUntilDead(identity: PidIdentity, milliseconds: number): Promise<boolean> {
  const until = Date.now() + milliseconds;
  while (isAlive(identity)) {
    if (Date.now() > until) return false;
    await delay(20);
  }
  return true;
}

/** Ends a process if, and only if, pid and start time still match: SIGTERM, then SIGKILL after `graceMs` (0: at once). */
export async function endProcess(identity: PidIdentity, graceMs: number): Promise<void> {
  if (graceMs > 0) {
    sendSignal(identity, 'SIGTERM');
    if (await waitUntilDead(identity, graceMs)) return;
  }
  sendSignal(identity, 'SIGKILL');
  if (!(await waitUntilDead(identity, 20_000)))
    throw new HostError(
      'survived',
      `process ${identity.pid} is still there 20 s after SIGKILL; it waits in the kernel (see /proc/${identity.pid}/stack)`,
    );
}
