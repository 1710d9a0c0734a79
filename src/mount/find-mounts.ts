import { readdir, readFile, readlink } from 'node:fs/promises';
import { errnoOf } from '../runtime/errno.ts';
import { MountError } from './errors.ts';
import { locate, mountsShowing } from './location.ts';
import type { FoundMount } from './mounter.ts';
import type { MountInfo, MountTable } from './mountinfo.ts';
import { parseMountInfo } from './mountinfo.ts';
import { podUidInCgroup, podUidInPath } from './pod-uid.ts';

/** What one process sees: its mount namespace from its root directory. */
interface View {
  readonly pid: number;
  readonly namespace: string;
  readonly table: MountTable;
}

/**
 * Looks through the mountinfo of every process that `hostProc` shows; in a pod that is the host's /proc, mounted. A
 * namespace is read once for each root directory in use, because mountinfo leaves out what a chrooted process cannot
 * reach. A namespace without a process, held by a file alone, is not seen.
 */
export async function findMountsOf(directory: string, hostProc: string): Promise<readonly FoundMount[]> {
  const location = await locate(directory);
  const found: FoundMount[] = [];
  for await (const view of views(hostProc)) {
    const mounts = mountsShowing(view.table, { location, whose: `process ${view.pid}` });
    const inCgroup =
      mounts.length === 0 ? undefined : podUidInCgroup(await cgroupOf(`${hostProc}/${view.pid}`));
    for (const mount of mounts) found.push(foundMount(view, mount, inCgroup));
  }
  return found;
}

function foundMount(
  { pid, namespace }: View,
  mount: MountInfo,
  podUidOfProcess: string | undefined,
): FoundMount {
  const podUid = podUidInPath(mount.mountPoint) ?? podUidOfProcess;
  const { mountPoint, readOnly } = mount;
  return { pid, namespace, mountPoint, readOnly, ...(podUid !== undefined && { podUid }) };
}

async function* views(hostProc: string): AsyncGenerator<View> {
  const seen = new Set<string>();
  for (const pid of await processes(hostProc)) {
    const view = await viewOf({ pid, directory: `${hostProc}/${pid}` }, seen);
    if (view !== undefined) yield view;
  }
}

async function processes(hostProc: string): Promise<readonly number[]> {
  const names = await readdir(hostProc);
  return names
    .filter((name) => /^[0-9]+$/.test(name))
    .map(Number)
    .toSorted((a, b) => a - b);
}

interface Process {
  readonly pid: number;
  /** What procfs has of it. */
  readonly directory: string;
}

/** Undefined for a process that has ended, and for a view already seen. */
async function viewOf(process: Process, seen: Set<string>): Promise<View | undefined> {
  const { pid, directory } = process;
  try {
    const { namespace, root } = await placeOf(process);
    const key = `${namespace} ${root}`;
    if (seen.has(key)) return undefined;
    const table = parseMountInfo(await readFile(`${directory}/mountinfo`, 'utf8'));
    // Only now: had this process ended in between, another one with the same view must be read instead.
    seen.add(key);
    return { pid, namespace, table };
  } catch (error) {
    if (hasEnded(error)) return undefined;
    // Not to be allowed to look is not to have seen nothing.
    throw MountError.from(error, `read the mounts of process ${pid}`);
  }
}

interface Place {
  readonly namespace: string;
  readonly root: string;
}

/**
 * The links may be closed to us where mountinfo is open (they ask for the right to ptrace, which security modules
 * withhold). Then the process counts as a view of its own.
 */
async function placeOf({ pid, directory }: Process): Promise<Place> {
  try {
    return { namespace: await readlink(`${directory}/ns/mnt`), root: await readlink(`${directory}/root`) };
  } catch (error) {
    if (errnoOf(error) !== 'EACCES' && errnoOf(error) !== 'EPERM') throw error;
    return { namespace: `of process ${pid}`, root: '' };
  }
}

/** EINVAL is what mountinfo of a zombie gives. */
function hasEnded(error: unknown): boolean {
  return ['ENOENT', 'ESRCH', 'EINVAL'].includes(errnoOf(error) ?? '');
}

async function cgroupOf(directory: string): Promise<string> {
  try {
    return await readFile(`${directory}/cgroup`, 'utf8');
  } catch (error) {
    if (hasEnded(error)) return '';
    throw MountError.from(error, `read ${directory}/cgroup`);
  }
}
