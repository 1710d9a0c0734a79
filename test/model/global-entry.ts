/** Which version of a file a daemon takes for the newest, and what it and its peers lack of that. */
import type { Disk, Entry, FolderDatabase } from './disk.ts';
import { FOLDER } from './world.ts';
import { compareVersions, type VersionVector } from './version-vector.ts';

export function folderOf(disk: Disk) {
  return disk.config.folders.find(({ id }) => id === FOLDER);
}

/** Of the only writer: what others have otherwise does not come in. */
export function sendsOnly(disk: Disk): boolean {
  return folderOf(disk)?.type === 'sendonly';
}

/** Paused: nothing is scanned, sent or received. */
export function isParked(disk: Disk): boolean {
  return folderOf(disk)?.paused === true;
}

/** Device ids with which this daemon shares the folder. */
export function sharedWith(disk: Disk): readonly string[] {
  const devices = folderOf(disk)?.devices ?? [];
  return devices.map(({ deviceID }) => deviceID).filter((id) => id !== disk.deviceId);
}

export function typeOf(disk: Disk): 'sendreceive' | 'receiveonly' | undefined {
  const type = folderOf(disk)?.type;
  if (type === undefined) return undefined;
  return type === 'receiveonly' ? 'receiveonly' : 'sendreceive';
}

/** Of concurrent versions a deletion loses, then the one modified earlier; Syncthing breaks ties by device. */
export function winner(one: Entry, other: Entry): Entry {
  const order = compareVersions(one.version, other.version);
  if (order !== 'concurrent') return order === 'older' ? other : one;
  if ((one.content === 0) !== (other.content === 0)) return one.content === 0 ? other : one;
  if (one.mtime !== other.mtime) return one.mtime > other.mtime ? one : other;
  return byDevice(one, other);
}

function byDevice(one: Entry, other: Entry): Entry {
  const [devices, others] = [one, other].map(({ version }) => Object.keys(version).toSorted().join());
  if (devices !== others) return (devices ?? '') < (others ?? '') ? one : other;
  return isAheadFirst(one.version, other.version) ? one : other;
}

/** Where all that is known of both is the same devices, whoever is ahead by the first of them: each node has to choose alike. */
function isAheadFirst(one: VersionVector, other: VersionVector): boolean {
  const first = Object.keys(one)
    .toSorted()
    .find((device) => one[device] !== other[device]);
  return first === undefined || (one[first] ?? 0) > (other[first] ?? 0);
}

/** The newest valid version, by the own index and those of peers as they were last received. */
export function globalEntry(disk: Disk, database: FolderDatabase, name: string): Entry | undefined {
  const shared = sharedWith(disk).map((device) => database.remote.get(device)?.entries.get(name));
  const entries = [database.local.get(name), ...shared].flatMap((entry) =>
    entry === undefined || entry.isFlagged ? [] : [entry],
  );
  return entries.length === 0 ? undefined : entries.reduce(winner);
}

export function knownNames(disk: Disk, database: FolderDatabase): readonly string[] {
  const names = new Set(database.local.keys());
  for (const device of sharedWith(disk))
    for (const name of database.remote.get(device)?.entries.keys() ?? []) names.add(name);
  return [...names].sort();
}

function lacks(entry: Entry | undefined, newest: Entry, isOwn: boolean): boolean {
  if (entry === undefined) return newest.content !== 0;
  if (!isOwn && entry.isFlagged) return true;
  const order = compareVersions(entry.version, newest.version);
  return order === 'older' || order === 'concurrent';
}

/** Names of which this daemon has not the newest version. */
export function needsOf(disk: Disk): readonly string[] {
  const { database } = disk;
  if (database === undefined) return [];
  return knownNames(disk, database).filter((name) => {
    const newest = globalEntry(disk, database, name);
    return newest !== undefined && lacks(database.local.get(name), newest, true);
  });
}

/** What that peer lacks, by its index as this daemon has it: an answer that may be old. */
export function remoteNeeds(disk: Disk, device: string): readonly string[] {
  const { database } = disk;
  if (database === undefined) return [];
  return knownNames(disk, database).filter((name) => {
    const newest = globalEntry(disk, database, name);
    return newest !== undefined && lacks(database.remote.get(device)?.entries.get(name), newest, false);
  });
}

export type Changed = readonly [string, Entry];

/** What counts as changed on a receiver. */
export function flaggedOf({ database }: Disk): readonly Changed[] {
  return [...(database?.local ?? [])].filter(([, entry]) => entry.isFlagged);
}
