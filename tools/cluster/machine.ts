import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { type PidIdentity, endProcess, isAlive, readPidIdentity } from '../host/pid-identity.ts';
import { type Command, runCommand } from '../host/run-command.ts';
import { spawnDaemon } from '../host/spawn-daemon.ts';
import { waitUntil } from '../host/wait-until.ts';
import { writeAtomically } from '../host/write-atomically.ts';
import type { Machine } from './address-plan.ts';
import { makeCgroups, removeCgroups } from './cgroups.ts';
import { type ClusterPaths, machinePaths } from './cluster-paths.ts';
import { ClusterError } from './errors.ts';
import { DISK_POWER_OFF, prepareMachineDisk, waitForDiskRelease } from './machine-disk.ts';
import { namespaceFile, pidsInNamespace, removeMachineNamespace, unplugMachine } from './network.ts';
import { machineNamespace } from './network-plan.ts';

const pidIdentity = z.object({ pid: z.number(), startTime: z.string() });
const initScript = fileURLToPath(new URL('machine-init.sh', import.meta.url));

/** Programs of the cluster first, then the host's. */
export const MACHINE_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: '/run/cluster/config/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LC_ALL: 'C.UTF-8',
};

/** A machine that runs: the host's pid of its PID 1. */
export type RunningMachine = { readonly name: string; readonly init: PidIdentity };

/** A path inside a running machine, as the host reaches it. */
export function insideMachine(machine: RunningMachine, path: string): string {
  return `/proc/${machine.init.pid}/root${path}`;
}

function firstChild(pid: number): PidIdentity | undefined {
  const path = `/proc/${pid}/task/${pid}/children`;
  const child = existsSync(path) ? readFileSync(path, 'utf8').trim().split(' ')[0] : undefined;
  return child === undefined || child === '' ? undefined : readPidIdentity(Number(child));
}

function recordedIdentity(paths: ClusterPaths, name: string): PidIdentity | undefined {
  const file = machinePaths(paths, name).identity;
  if (!existsSync(file)) return undefined;
  const parsed = pidIdentity.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  return parsed.success ? parsed.data : undefined;
}

/** The machine of that name if it runs and has become ready; undefined otherwise. */
export function findRunningMachine(paths: ClusterPaths, name: string): RunningMachine | undefined {
  const launcher = recordedIdentity(paths, name);
  if (launcher === undefined || !isAlive(launcher)) return undefined;
  const init = firstChild(launcher.pid);
  if (init === undefined) return undefined;
  const machine = { name, init };
  return existsSync(insideMachine(machine, '/run/cluster/ready')) ? machine : undefined;
}

/** Like findRunningMachine, for those who cannot go on without. */
export function runningMachine(paths: ClusterPaths, name: string): RunningMachine {
  const machine = findRunningMachine(paths, name);
  if (machine === undefined)
    throw new ClusterError(
      'not-up',
      `${name} does not run; start it: make node-start NODE=${name}, or make cluster-up`,
    );
  return machine;
}

/** The words that run `command` inside a machine: its mounts, its network, its processes. Works for any caller on the host. */
export function enterCommand(machine: RunningMachine, command: readonly string[]): Command {
  const enter = ['nsenter', '-t', String(machine.init.pid), '-m', '-u', '-i', '-n', '-p', '--'] as const;
  return [...enter, 'sh', '-c', 'cd / && exec "$@"', 'sh', ...command];
}

/** Runs a command inside a machine and gives back its stdout. */
export async function runInside(
  machine: RunningMachine,
  command: readonly string[],
  signal: AbortSignal,
  timeoutMs = 60_000,
): Promise<string> {
  return await runCommand(enterCommand(machine, command), { signal, timeoutMs, env: MACHINE_ENVIRONMENT });
}

export type BootOptions = {
  readonly paths: ClusterPaths;
  readonly cache: string;
  readonly signal: AbortSignal;
};

/** Boots a machine whose configuration is written and whose cable is plugged in; a running one is left as it is. */
export async function bootMachine(machine: Machine, options: BootOptions): Promise<RunningMachine> {
  const { paths, cache, signal } = options;
  const running = findRunningMachine(paths, machine.name);
  if (running !== undefined) return running;
  const files = machinePaths(paths, machine.name);
  await prepareMachineDisk(files.disk, signal);
  await waitForDiskRelease(files.disk, signal);
  if (machine.role === 'node') makeCgroups(machine.name);
  for (const directory of [files.run, files.logs, paths.images]) mkdirSync(directory, { recursive: true });
  const script = [
    initScript,
    machine.name,
    files.directory,
    cache,
    paths.images,
    paths.checkout,
    randomUUID(),
  ];
  const logFile = `${files.logs}/init.log`;
  const launcher = spawnDaemon(
    [
      'nsenter',
      `--net=${namespaceFile(machineNamespace(machine.name))}`,
      'unshare',
      '--mount',
      '--uts',
      '--ipc',
      '--pid',
      '--fork',
      '--kill-child',
      '--mount-proc',
      '--propagation',
      'private',
      'sh',
      ...script,
    ],
    { logFile, env: MACHINE_ENVIRONMENT },
  );
  writeAtomically(files.identity, JSON.stringify(launcher));
  return await waitUntil(
    () => {
      if (!isAlive(launcher))
        throw new ClusterError('not-ready', `${machine.name} did not boot; its last words are in ${logFile}`);
      return findRunningMachine(paths, machine.name);
    },
    { signal, timeoutMs: 20_000, everyMs: 20, what: `${machine.name} to boot (${logFile})` },
  );
}

/**
 * Ends every process of a machine at once, for good or before it is booted again, and removes what it had of the host
 * but its disk, which keeps what was written, and its configuration.
 */
export async function stopMachine(paths: ClusterPaths, name: string, signal: AbortSignal): Promise<void> {
  const launcher = recordedIdentity(paths, name);
  const init = launcher !== undefined && isAlive(launcher) ? firstChild(launcher.pid) : undefined;
  if (init !== undefined) await endProcess(init, 0);
  if (launcher !== undefined) await endProcess(launcher, 0);
  // Whoever is still in the machine's network came with it: a boot that was interrupted before it was recorded.
  for (const pid of await pidsInNamespace(machineNamespace(name), signal)) {
    const stray = readPidIdentity(pid);
    if (stray !== undefined) await endProcess(stray, 0);
  }
  const files = machinePaths(paths, name);
  await waitForDiskRelease(files.disk, signal);
  rmSync(files.identity, { force: true });
  await removeMachineNamespace(name, signal);
  await removeCgroups(name, signal);
}

/**
 * Cuts a machine's power: first its cable, so that nobody is told, then its disk, so that what was not synced is lost,
 * then its processes.
 */
export async function cutPower(paths: ClusterPaths, name: string, signal: AbortSignal): Promise<void> {
  const machine = findRunningMachine(paths, name);
  await unplugMachine(name, signal);
  if (machine !== undefined) await runInside(machine, DISK_POWER_OFF, signal);
  await stopMachine(paths, name, signal);
}
