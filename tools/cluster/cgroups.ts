import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
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

/** Version 2 hands a controller down only when told to, one level at a time; one that the host lacks is left out. */
function handDownControllers(directory: string): void {
  const controllers = readFileSync(join(directory, 'cgroup.controllers'), 'utf8');
  for (const controller of controllers.trim().split(' ').filter(Boolean))
    try {
      writeFileSync(join(directory, 'cgroup.subtree_control'), `+${controller}`);
    } catch {
      // Held by version 1, or by processes of the host: the kubelet says it if it needs this one.
    }
}

/** Makes the branch below which the kubelet keeps its pods. Version 1 fills a new cpuset itself once pods come. */
export function makeCgroups(name: string): void {
  const version2 = existsSync(join(CGROUP_ROOT, 'cgroup.controllers'));
  const hierarchies = version2
    ? [CGROUP_ROOT]
    : readdirSync(CGROUP_ROOT).map((entry) => join(CGROUP_ROOT, entry));
  for (const hierarchy of hierarchies) {
    mkdirSync(join(hierarchy, machineCgroup(name)), { recursive: true });
    if (!version2) continue;
    handDownControllers(hierarchy);
    handDownControllers(join(hierarchy, PARENT));
  }
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
  await waitUntil(() => cgroupDirectories(path).every((directory) => removeTree(directory)) || undefined, {
    signal,
    timeoutMs: 20_000,
    what,
  });
}

/** Removes the cgroups of a machine that has ended. */
export async function removeCgroups(name: string, signal: AbortSignal): Promise<void> {
  await removeCgroup(machineCgroup(name), signal);
}

/** Removes the parent of all machines' cgroups; they must be gone. */
export async function removeParentCgroup(signal: AbortSignal): Promise<void> {
  await removeCgroup(`/${PARENT}`, signal);
}
