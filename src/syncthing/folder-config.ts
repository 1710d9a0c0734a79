import { isDeepStrictEqual } from 'node:util';
import type { FolderConfig } from './client.ts';

export type FolderType = 'sendreceive' | 'sendonly' | 'receiveonly';

/** Whether a folder of that type announces what is on its disk. */
export function isSender(type: string | undefined): boolean {
  return type === 'sendreceive' || type === 'sendonly';
}

export interface FolderInput {
  /** The volume id. */
  readonly folderId: string;
  /** For people only; the one key whose change does not restart the folder. */
  readonly label: string;
  /** Syncthing's root of the folder; `.stfolder` is made in it by the daemon. */
  readonly path: string;
  readonly type: FolderType;
  /** Device ids with which the folder is shared; the own one may be among them or not. */
  readonly peers: readonly string[];
  /** Written on many nodes at once (handoff rule 37). */
  readonly isShared?: boolean;
}

/** `keep` is parsed by Go's Atoi; the largest value that 32-bit platforms take too. */
const NO_COUNT_LIMIT = '2147483647';

/** A receiver stops pulling at 1 % free so that its disk never fills up; the writer's own files are never held back. */
const RECEIVER_MIN_DISK_FREE = { value: 1, unit: '%' };
const NO_MIN_DISK_FREE = { value: 0, unit: '%' };

/**
 * A complete folder for `putFolders`. Keys that a version does not know are ignored by it, keys that
 * we leave out get the daemon's defaults.
 *
 * The writer (`sendreceive`, `sendonly`) watches its files and announces changes; a receiver never
 * touches an announcement of its own, keeps what it replaces or deletes (handoff rule 17), and does
 * not scan on its own: nobody but Syncthing writes there, and what is changed behind its back is
 * looked for by the scan of the node that wants to know. Of a folder that is shared every copy keeps
 * what loses against another node's change, and for a week what it replaces.
 */
export function folderConfig(input: FolderInput): FolderConfig {
  const receiver = input.type === 'receiveonly';
  const { isShared = false } = input;
  return {
    id: input.folderId,
    label: input.label,
    path: input.path,
    type: input.type,
    devices: devicesOf(input.peers),
    paused: false,
    ...detection(receiver, input.peers.length === 0),
    ...pulling({ receiver, isShared }),
    ...METADATA,
    versioning: versioningOf({ receiver, isShared }),
  };
}

function devicesOf(peers: readonly string[]): FolderConfig['devices'] {
  return [...new Set(peers)].toSorted().map((deviceID) => ({
    deviceID,
    introducedBy: '',
    encryptionPassword: '',
  }));
}

/** What makes the folder look at its files. `markerName` is the only one the daemon makes itself. */
function detection(receiver: boolean, alone: boolean): Readonly<Record<string, unknown>> {
  return {
    fsWatcherEnabled: !receiver,
    fsWatcherDelayS: 10,
    // Left out it is six times the delay: what is written without a pause would be copied after a minute.
    // Where nobody else has the folder, reading it again that often only takes from the pod's speed.
    fsWatcherTimeoutS: alone ? 60 : 20,
    rescanIntervalS: receiver ? 0 : 3600,
    scanProgressIntervalS: -1,
    modTimeWindowS: 0,
    markerName: '.stfolder',
    filesystemType: 'basic',
    caseSensitiveFS: true,
    // True would rename files of decomposed names in the pod's volume; so they are reported instead.
    autoNormalize: false,
    junctionsAsDirs: false,
  };
}

interface Kind {
  readonly receiver: boolean;
  readonly isShared: boolean;
}

function pulling({ receiver, isShared }: Kind): Readonly<Record<string, unknown>> {
  return {
    // A conflict loser is deleted on a receiver: only the writer's version is right there. Beside other writers it
    // may be what a pod of another node left, and be nowhere else any more.
    maxConflicts: receiver && !isShared ? 0 : -1,
    minDiskFree: receiver || isShared ? RECEIVER_MIN_DISK_FREE : NO_MIN_DISK_FREE,
    // 2.x waits 1 s before each pull; this is the latency of a hand-off (measured 1.03 s to 0.2 s).
    pullerDelayS: 0.05,
    pullerPauseS: 5,
    ignoreDelete: false,
    // fsync comes before the index entry, so what a receiver announces is on its disk.
    disableFsync: false,
    disableSparseFiles: false,
    copyRangeMethod: 'all',
    order: 'random',
    // 2.1: lets a clone find its blocks in the folder that it was cloned from.
    blockIndexing: true,
  };
}

/**
 * Ownership, modes and the attributes that mean something to a pod. `security.*` stays out: with
 * ownership synced, file capabilities would be lost on the receiver and the loss sent back.
 */
const METADATA: Readonly<Record<string, unknown>> = {
  ignorePerms: false,
  copyOwnershipFromParent: false,
  syncOwnership: true,
  sendOwnership: true,
  syncXattrs: true,
  sendXattrs: true,
  xattrFilter: {
    entries: [
      { match: 'user.*', permit: true },
      { match: 'system.posix_acl_*', permit: true },
      { match: '*', permit: false },
    ],
    maxSingleEntrySize: 0,
    maxTotalSize: 0,
  },
};

const NO_VERSIONING = { type: '', params: {}, cleanupIntervalS: 0, fsPath: '', fsType: 'basic' };

/** Nothing is removed by count or by age: that is done when a proof allows it. */
const KEEP_VERSIONS = {
  ...NO_VERSIONING,
  type: 'simple',
  params: { keep: NO_COUNT_LIMIT, cleanoutDays: '0' },
};

/** No hand-off says when what was replaced is held elsewhere, so time does. */
const KEEP_VERSIONS_A_WEEK = {
  ...KEEP_VERSIONS,
  params: { ...KEEP_VERSIONS.params, cleanoutDays: '7' },
  cleanupIntervalS: 3600,
};

function versioningOf({ receiver, isShared }: Kind): object {
  if (isShared) return KEEP_VERSIONS_A_WEEK;
  return receiver ? KEEP_VERSIONS : NO_VERSIONING;
}

/** Keys that only 2.x has; an older daemon drops them. */
const NEWER_KEYS: ReadonlySet<string> = new Set(['pullerDelayS', 'blockIndexing']);

/**
 * Whether the daemon's folder is what we would put: compares only the keys that {@link folderConfig}
 * renders and the daemon knows. The daemon's own device, which it adds to every folder, and the
 * order of devices do not count.
 */
export function sameFolder(actual: FolderConfig, desired: FolderConfig, ownDeviceId: string): boolean {
  const { devices, ...rest } = desired;
  return (
    sameDevices(actual.devices, devices, ownDeviceId) &&
    Object.entries(rest).every(([key, value]) => {
      const known = Object.hasOwn(actual, key);
      return known ? isDeepStrictEqual(actual[key], value) : NEWER_KEYS.has(key);
    })
  );
}

/** Peers of a folder as the daemon has it, without itself. */
export function peersOf(folder: FolderConfig, ownDeviceId: string): readonly string[] {
  return folder.devices.map((device) => device.deviceID).filter((id) => id !== ownDeviceId);
}

function sameDevices(
  actual: FolderConfig['devices'],
  desired: FolderConfig['devices'],
  ownDeviceId: string,
): boolean {
  const ids = [actual, desired].map((devices) =>
    devices
      .map((device) => device.deviceID)
      .filter((id) => id !== ownDeviceId)
      .toSorted(),
  );
  return isDeepStrictEqual(ids[0], ids[1]);
}
