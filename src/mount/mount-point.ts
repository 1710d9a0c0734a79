import { chmod, lstat, mkdir, readdir, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { errnoOf } from '../runtime/errno.ts';
import { MountError } from './errors.ts';

/**
 * Makes the directory that a volume is mounted over, without any permission: what runs without CAP_DAC_OVERRIDE cannot
 * write into it while the mount is missing, and would otherwise fill the node's root disk unseen (handoff rule 10). One
 * that is there is taken if it is empty; files in it would be hidden by the mount, so they are not mounted over.
 */
export async function createMountPoint(target: string): Promise<void> {
  try {
    await mkdir(path.dirname(target), { recursive: true, mode: 0o750 });
    const made = await makeLeaf(target);
    if (!made) await checkEmptyDirectory(target);
    // Also a new one: a set-group-ID parent or a default ACL may have added to the mode.
    await chmod(target, 0o000);
  } catch (error) {
    throw MountError.from(error, `make the mount point ${target}`);
  }
}

/**
 * Removes the directory, never what is in it: a mount that was missed is answered with `busy`, files with `not-empty`.
 * Gone already: OK.
 */
export async function removeMountPoint(target: string): Promise<void> {
  try {
    await rmdir(target);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    throw MountError.from(error, `remove the mount point ${target}`);
  }
}

async function makeLeaf(target: string): Promise<boolean> {
  try {
    await mkdir(target, { mode: 0o000 });
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
}

async function checkEmptyDirectory(target: string): Promise<void> {
  if (!(await lstat(target)).isDirectory()) {
    throw new MountError('invalid-path', `${target} is no directory; nothing can be mounted there`);
  }
  const [first] = await readdir(target);
  if (first === undefined) return;
  const remedy = 'a mount would hide it; look whether it is needed and move it away';
  throw new MountError(
    'not-empty',
    `${target} is no empty mount point, it holds "${first}" on the node's own disk; ${remedy}`,
  );
}
