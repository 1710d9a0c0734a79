import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open, readFile, readlink } from 'node:fs/promises';
import path from 'node:path';
import { MountError } from './errors.ts';
import type { MountInfo, MountTable } from './mountinfo.ts';
import { parseMountInfo } from './mountinfo.ts';

/**
 * A directory named by filesystem and path within it, which is how mountinfo names what a bind mount shows. From
 * mountinfo rather than stat: on btrfs st_dev is the subvolume's and never appears there.
 */
export interface Location {
  readonly device: string;
  readonly root: string;
  /** The mount through which the path leads there. */
  readonly mount: MountInfo;
  /** The path without symbolic links. */
  readonly realPath: string;
}

/** Where a directory lies. The kernel is asked by an open file, so that mounts over mounts cannot deceive. */
export async function locate(directory: string): Promise<Location> {
  try {
    const handle = await open(directory, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    try {
      return await locateOpen(handle);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw MountError.from(error, `look up ${directory}`);
  }
}

async function locateOpen(handle: FileHandle): Promise<Location> {
  const realPath = await readlink(`/proc/self/fd/${handle.fd}`);
  const mountId = mountIdOf(await readFile(`/proc/self/fdinfo/${handle.fd}`, 'utf8'));
  const { mounts } = parseMountInfo(await readFile('/proc/self/mountinfo', 'utf8'));
  const mount = mounts.find((candidate) => candidate.mountId === mountId);
  if (mount === undefined)
    throw new MountError('failed', `the mount that holds ${realPath} is not in mountinfo`);
  const within = path.posix.relative(mount.mountPoint, realPath.replace(/ \(deleted\)$/, ''));
  return { device: mount.device, root: path.posix.join(mount.root, within), mount, realPath };
}

function mountIdOf(fdinfo: string): number {
  return Number(/^mnt_id:\s*(\d+)$/m.exec(fdinfo)?.[1]);
}

/** Whether a mount shows the directory at `location` or something below it. */
export function showsLocation(mount: MountInfo, location: Pick<Location, 'device' | 'root'>): boolean {
  if (mount.device !== location.device) return false;
  const below = location.root === '/' ? '/' : `${location.root}/`;
  return mount.root === location.root || mount.root.startsWith(below);
}

export interface Sought {
  readonly location: Pick<Location, 'device' | 'root'>;
  /** For the message: whose mountinfo it is. */
  readonly whose: string;
}

/**
 * The mounts that show the directory at `location` or something below it. A line that cannot be read keeps only that
 * directory's volume from going on whose path it has: what another filesystem prints of itself, or a kernel to come,
 * must not stop every volume of the node. But each line of a mount of ours has the path in it, however odd the rest may
 * be, and a mount that is overlooked lets another node write while a pod still writes here (handoff rule 29).
 */
export function mountsShowing(
  { mounts, unreadable }: MountTable,
  { location, whose }: Sought,
): readonly MountInfo[] {
  const odd = unreadable.find((text) => text.includes(location.root));
  if (odd !== undefined) {
    throw new MountError(
      'failed',
      `mountinfo of ${whose} has a line that cannot be read and that names ${location.root}, so that nobody knows whether it is mounted there: ${JSON.stringify(odd)}`,
    );
  }
  return mounts.filter((mount) => showsLocation(mount, location));
}
