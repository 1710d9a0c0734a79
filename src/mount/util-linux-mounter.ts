import { readFile, realpath } from 'node:fs/promises';
import path from 'node:path';
import { MountError } from './errors.ts';
import { findMountsOf } from './find-mounts.ts';
import type { Location } from './location.ts';
import { locate, mountsShowing } from './location.ts';
import type { BindOptions, Mounter } from './mounter.ts';
import type { MountInfo } from './mountinfo.ts';
import { parseMountInfo } from './mountinfo.ts';
import { runCommand } from './run-command.ts';

export interface MounterOptions {
  /** A procfs that shows every process of the node. */
  readonly hostProc: string;
  /** For one mount or umount, milliseconds. They are a system call each; one that hangs will not come back. */
  readonly timeoutMs: number;
}

/** As many layers as a mount point may have before something is wrong that unmounting will not cure. */
const maxLayers = 16;

/** Mount(8) and umount(8) of util-linux, and /proc/self/mountinfo to see what they did. */
export function createMounter({ hostProc, timeoutMs }: MounterOptions): Mounter {
  async function bind(options: BindOptions, signal: AbortSignal): Promise<MountInfo> {
    const { source, target, readOnly } = options;
    const location = await locate(source);
    const before = await mountAt(target);
    if (before !== undefined) return acceptExisting(before, location, options);
    try {
      await runCommand(['mount', '--no-mtab', '--bind', '--', source, target], { signal, timeoutMs });
      // A bind mount is read-only only by a second step (mount(2), MS_REMOUNT | MS_BIND).
      if (readOnly)
        await runCommand(['mount', '--no-mtab', '-o', 'remount,bind,ro', target], { signal, timeoutMs });
      return await verifyBind(location, options);
    } catch (error) {
      await unmount(target, AbortSignal.timeout(timeoutMs));
      throw error;
    }
  }

  async function unmount(target: string, signal: AbortSignal): Promise<void> {
    for (let layer = 0; layer < maxLayers; layer += 1) {
      if ((await mountAt(target)) === undefined) return;
      await runCommand(['umount', '--no-mtab', '--', target], { signal, timeoutMs });
    }
    throw new MountError('failed', `${target} is still mounted after ${maxLayers} times umount`);
  }

  return {
    bind,
    unmount,
    mountAt,
    mountsOf,
    findMountsOf: (directory) => findMountsOf(directory, hostProc),
  };
}

async function verifyBind(location: Location, { source, target, readOnly }: BindOptions): Promise<MountInfo> {
  const seen = await mountAt(target);
  if (seen !== undefined && shows(seen, location) && seen.readOnly === readOnly) return seen;
  const what = seen === undefined ? 'nothing' : describe(seen);
  throw new MountError(
    'not-verified',
    `mount said that ${source} is at ${target}, but mountinfo shows ${what} there`,
  );
}

function acceptExisting(
  existing: MountInfo,
  location: Location,
  { source, target, readOnly }: BindOptions,
): MountInfo {
  if (shows(existing, location) && existing.readOnly === readOnly) return existing;
  throw new MountError('busy', `cannot mount ${source} at ${target}: ${describe(existing)} is mounted there`);
}

function shows(mount: MountInfo, location: Location): boolean {
  return mount.device === location.device && mount.root === location.root && !mount.rootDeleted;
}

function describe(mount: MountInfo): string {
  const access = mount.readOnly ? 'read-only' : 'read-write';
  return `${mount.root} of ${mount.source} (${access}${mount.rootDeleted ? ', deleted' : ''})`;
}

async function mountAt(target: string): Promise<MountInfo | undefined> {
  try {
    const { mount } = await locate(target);
    const parent = await realpath(path.dirname(target));
    return mount.mountPoint === path.join(parent, path.basename(target)) ? mount : undefined;
  } catch (error) {
    if (error instanceof MountError && error.kind === 'not-found') return undefined;
    throw error;
  }
}

async function mountsOf(directory: string): Promise<readonly MountInfo[]> {
  const location = await locate(directory);
  const table = parseMountInfo(await readFile('/proc/self/mountinfo', 'utf8'));
  return mountsShowing(table, { location, whose: 'this process' });
}
