import { existsSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { waitUntil } from '../host/wait-until.ts';

const CGROUP_ROOT = '/sys/fs/cgroup';
const PARENT = 'stcsi';

/** The cgroup below which a machine's containers are, as the kubelet wants it. */
export function machineCgroup(name: string): string {
  return `/${PARENT}/${name}`;
}

/** One directory in version 2, one a controller in version 1. */
function cgroupDirectories(path: string): readonly string[] {
  const hierarchies = [CGROUP_ROOT, ...readdirSync(CGROUP_ROOT).map((entry) => join(CGROUP_ROOT, entry))];
  return hierarchies.map((hierarchy) => join(hierarchy, path)).filter((directory) => existsSync(directory));
}

/** rmdir is all a cgroup takes; deepest first. False while a dying process is still inside. */
function removeTree(directory: string): boolean {
  let removed = true;
  for (const entry of readdirSync(directory, { withFileTypes: true }))
    if (entry.isDirectory()) removed = removeTree(join(directory, entry.name)) && removed;
  try {
    rmdirSync(directory);
    return removed;
  } catch {
    return false;
  }
}

async function removeCgroup(path: string, signal: AbortSignal): Promise<void> {
  if (!existsSync(CGROUP_ROOT)) return;
  const what = `the cgroups ${path} to be empty (cat ${CGROUP_ROOT}/*${path}/cgroup.procs)`;
  await waitUntil(
    () => cgroupDirectories(path).every((directory) => removeTree(directory)) || undefined,
    { signal, timeoutMs: 20_000, what },
  );
}

/** Removes the cgroups of a machine that has ended. */
export async function removeCgroups(name: string, signal: AbortSignal): Promise<void> {
  await removeCgroup(machineCgroup(name), signal);
}

/** Removes the parent of all machines' cgroups; they must be gone. */
export async function removeParentCgroup(signal: AbortSignal): Promise<void> {
  await removeCgroup(`/${PARENT}`, signal);
}
