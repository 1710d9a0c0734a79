import { readlink } from 'node:fs/promises';
import { MountError } from './errors.ts';

/** The pid by which a container's own procfs knows the container's program. */
const firstProcess = '1';

/**
 * The mount namespace of this process, for example `mnt:[4026531841]`, read where those of all others are read. Throws
 * where the others are not there to be seen: looking for mounts would find none and let another node write
 * (handoff rule 29).
 */
export async function ownNamespaceIn(hostProc: string): Promise<string> {
  const own = await linkIn(hostProc, 'self');
  if (own === firstProcess) {
    throw new MountError(
      'failed',
      `${hostProc} shows this container alone, and a mount of a process outside would be overlooked: mount the host's /proc and name it by HOST_PROC, as the chart does, or give the pod hostPID`,
    );
  }
  return await linkIn(hostProc, 'self/ns/mnt');
}

async function linkIn(hostProc: string, name: string): Promise<string> {
  try {
    return await readlink(`${hostProc}/${name}`);
  } catch (error) {
    throw MountError.from(
      error,
      `find this process in ${hostProc}, which HOST_PROC says is the host's /proc`,
    );
  }
}
