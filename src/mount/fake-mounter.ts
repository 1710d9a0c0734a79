import { existsSync } from 'node:fs';
import path from 'node:path';
import { MountError } from './errors.ts';
import { showsLocation } from './location.ts';
import type { BindOptions, FoundMount, Mounter } from './mounter.ts';
import type { MountInfo } from './mountinfo.ts';

export interface FakeMounterOptions {
  /** Which directories there are; the real ones unless told otherwise. */
  readonly exists?: (directory: string) => boolean;
}

/** A mount that a process of another namespace sees. */
export interface ForeignMount {
  readonly directory: string;
  readonly pid: number;
  readonly mountPoint: string;
  readonly podUid?: string;
}

export interface FakeMounter extends Mounter {
  /** What is mounted, in the order in which it was. */
  mounts(): readonly MountInfo[];
  /** A container that outlives its kubelet; the function returned ends it. */
  mountElsewhere(mount: ForeignMount): () => void;
  /** Somebody has a file open there: unmounting is `busy` until the function returned is called. */
  keepBusy(target: string): () => void;
  /** The next call of this kind fails. */
  failNext(call: 'bind' | 'unmount' | 'findMountsOf', error: MountError): void;
}

const device = '0:1';

/** Mounts in memory, on one filesystem whose root is `/`. Held to the same contract as the real one. */
export function createFakeMounter({ exists = existsSync }: FakeMounterOptions = {}): FakeMounter {
  const mounted: MountInfo[] = [];
  const foreign = new Set<ForeignMount>();
  const busy = new Set<string>();
  const failures = new Map<string, MountError>();
  let mountIds = 100;

  function failIfTold(call: string): void {
    const error = failures.get(call);
    failures.delete(call);
    if (error !== undefined) throw error;
  }

  /** The path within the filesystem that a path leads to, through what is mounted on the way. */
  function rootOf(directory: string): string {
    if (!exists(directory) && seenAt(directory) === undefined) {
      throw new MountError('not-found', `cannot look up ${directory}: there is no such directory`);
    }
    const way = mounted.findLast(({ mountPoint }) => isWithin(directory, mountPoint));
    return way === undefined ? directory : path.join(way.root, path.relative(way.mountPoint, directory));
  }

  function seenAt(target: string): MountInfo | undefined {
    return mounted.findLast(({ mountPoint }) => mountPoint === target);
  }

  async function bind({ source, target, readOnly }: BindOptions, signal: AbortSignal): Promise<MountInfo> {
    failIfTold('bind');
    failIfAborted(signal);
    const root = rootOf(source);
    const before = seenAt(target);
    if (before?.root === root && before.readOnly === readOnly) return before;
    if (before !== undefined)
      throw new MountError('busy', `cannot mount ${source} at ${target}: ${before.root} is there`);
    rootOf(target);
    mountIds += 1;
    const mount = fakeMountInfo({ mountId: mountIds, root, mountPoint: target, readOnly });
    mounted.push(mount);
    return mount;
  }

  async function unmount(target: string, signal: AbortSignal): Promise<void> {
    failIfTold('unmount');
    failIfAborted(signal);
    if (seenAt(target) === undefined) return;
    if (busy.has(target)) throw new MountError('busy', `umount ${target}: target is busy`);
    const left = mounted.filter(({ mountPoint }) => mountPoint !== target);
    mounted.splice(0, mounted.length, ...left);
  }

  async function mountsOf(directory: string): Promise<readonly MountInfo[]> {
    const root = rootOf(directory);
    return mounted.filter((mount) => showsLocation(mount, { device, root }));
  }

  async function findMountsOf(directory: string): Promise<readonly FoundMount[]> {
    failIfTold('findMountsOf');
    const own = (await mountsOf(directory)).map(({ mountPoint, readOnly }) => {
      return { pid: 1, mountPoint, readOnly, namespace: 'mnt:[1]' };
    });
    const root = rootOf(directory);
    const others = [...foreign].filter((mount) => isWithin(mount.directory, root));
    return [...own, ...others.map(asFound)];
  }

  return {
    bind,
    unmount,
    mountsOf,
    findMountsOf,
    mountAt: async (target) => seenAt(target),
    mounts: () => [...mounted],
    mountElsewhere: (mount) => addTo(foreign, mount),
    keepBusy: (target) => addTo(busy, target),
    failNext: (call, error) => void failures.set(call, error),
  };
}

function asFound({ pid, mountPoint, podUid }: ForeignMount): FoundMount {
  const found = { pid, mountPoint, readOnly: false, namespace: `mnt:[${pid}]` };
  return podUid === undefined ? found : { ...found, podUid };
}

function addTo<Item>(set: Set<Item>, item: Item): () => void {
  set.add(item);
  return () => void set.delete(item);
}

function isWithin(candidate: string, directory: string): boolean {
  return candidate === directory || candidate.startsWith(`${directory}/`);
}

function failIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new MountError('cancelled', 'mount: cancelled', { cause: signal.reason });
}

type FakeMountInfo = Pick<MountInfo, 'mountId' | 'root' | 'mountPoint' | 'readOnly'>;

function fakeMountInfo(mount: FakeMountInfo): MountInfo {
  const options = [mount.readOnly ? 'ro' : 'rw'];
  const filesystem = { device, fsType: 'ext4', source: '/dev/fake', superOptions: ['rw'] };
  return { ...mount, ...filesystem, parentId: 1, rootDeleted: false, options };
}
