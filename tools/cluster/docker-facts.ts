import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { runCommand } from '../host/run-command.ts';
import type { DockerFacts } from './engine.ts';

const CAP_SYS_RESOURCE = 24n;
const dockerInfo = z.object({
  ServerVersion: z.string().min(1),
  SecurityOptions: z.array(z.string()).nullish(),
});

/** Reads the line CapBnd of /proc/PID/status, a bit set in hexadecimal. */
export function hasSysResource(status: string): boolean {
  const bits = /^CapBnd:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  return bits !== undefined && ((BigInt(`0x${bits}`) >> CAP_SYS_RESOURCE) & 1n) === 1n;
}

/** Reads `docker info --format json`; a client without a server prints an object without a version. */
export function isLocalRootDocker(info: string): boolean {
  try {
    const parsed = dockerInfo.safeParse(JSON.parse(info));
    return (
      parsed.success && !(parsed.data.SecurityOptions ?? []).some((option) => option.includes('rootless'))
    );
  } catch {
    return false;
  }
}

/** Asks the Docker engine of this machine, and of no other: a remote one cannot reach .cluster/. */
export async function dockerFacts(dockerHost: string | undefined, signal: AbortSignal): Promise<DockerFacts> {
  const fullyPrivileged = hasSysResource(readFileSync('/proc/self/status', 'utf8'));
  if (dockerHost !== undefined && !dockerHost.startsWith('unix://'))
    return { answers: false, fullyPrivileged };
  try {
    const info = await runCommand(['docker', 'info', '--format', '{{json .}}'], { signal, timeoutMs: 5000 });
    return { answers: isLocalRootDocker(info), fullyPrivileged };
  } catch {
    signal.throwIfAborted();
    return { answers: false, fullyPrivileged };
  }
}
