import { existsSync, readFileSync } from 'node:fs';
import { type PidIdentity, isAlive } from '../host/pid-identity.ts';
import { spawnDaemon } from '../host/spawn-daemon.ts';
import { waitUntil } from '../host/wait-until.ts';
import { ClusterError } from './errors.ts';
import { MACHINE_ENVIRONMENT, type RunningMachine, enterCommand, insideMachine } from './machine.ts';

/** A program that a machine runs for good. */
export type Service = { readonly name: string; readonly command: readonly string[] };

/** Writes pid and start time before the program begins, and leaves it to PID 1. */
const START = `
name=$1; shift
setsid sh -c 'cut -d" " -f1,22 /proc/$$/stat >"/run/cluster/services/$0"; exec "$@"' "$name" "$@" &
`;

/** The pid is the machine's own. */
function serviceIdentity(machine: RunningMachine, name: string): PidIdentity | undefined {
  const file = insideMachine(machine, `/run/cluster/services/${name}`);
  if (!existsSync(file)) return undefined;
  const [pid, startTime] = readFileSync(file, 'utf8').trim().split(' ');
  return pid === undefined || startTime === undefined ? undefined : { pid: Number(pid), startTime };
}

/** True while the service runs in the machine. */
export function isServiceAlive(machine: RunningMachine, name: string): boolean {
  const identity = serviceIdentity(machine, name);
  return identity !== undefined && isAlive(identity, insideMachine(machine, '/proc'));
}

/** Starts a service unless it runs. True when it was started just now. */
export async function startService(
  machine: RunningMachine,
  service: Service,
  logFile: string,
  signal: AbortSignal,
): Promise<boolean> {
  if (isServiceAlive(machine, service.name)) return false;
  const command = enterCommand(machine, ['sh', '-c', START, 'sh', service.name, ...service.command]);
  spawnDaemon(command, { logFile, env: MACHINE_ENVIRONMENT });
  await waitUntil(() => isServiceAlive(machine, service.name) || undefined, {
    signal,
    timeoutMs: 10_000,
    everyMs: 10,
    what: `${service.name} on ${machine.name} to start (${logFile})`,
  });
  return true;
}

export type ReadinessOptions = {
  readonly logFile: string;
  readonly ready: () => Promise<boolean>;
  readonly signal: AbortSignal;
};

/** Waits for a service to be of use, and says at once when it ended instead. */
export async function waitForService(
  machine: RunningMachine,
  name: string,
  options: ReadinessOptions,
): Promise<void> {
  const { logFile, ready, signal } = options;
  await waitUntil(
    async () => {
      if (await ready()) return true;
      if (!isServiceAlive(machine, name))
        throw new ClusterError('not-ready', `${name} on ${machine.name} ended; log: ${logFile}`);
      return undefined;
    },
    { signal, timeoutMs: 90_000, what: `${name} on ${machine.name} (${logFile})` },
  );
}
