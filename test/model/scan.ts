/** A daemon's scan: the index takes in what is on the disk. */
import { hasChildren, type Disk, type Entry, type FolderDatabase, type ModelFile } from './disk.ts';
import { globalEntry, isParked, needsOf, typeOf } from './global-entry.ts';
import { count } from './counts.ts';
import { forgetDeletions } from './ledger.ts';
import type { ModelNode } from './model-node.ts';
import { bumped, mergedVersions, withoutOthers } from './version-vector.ts';
import type { World } from './world.ts';

const GONE: ModelFile = { content: 0, mtime: 0, isDirectory: false, ctime: 0 };

export function withEntry(
  database: FolderDatabase,
  name: string,
  entry: Omit<Entry, 'sequence'>,
): FolderDatabase {
  const sequence = database.sequence + 1;
  return { ...database, sequence, local: new Map(database.local).set(name, { ...entry, sequence }) };
}

function isSame(world: World, one: ModelFile, other: ModelFile): boolean {
  if (one.content !== other.content) return false;
  if (one.content === 0) return true;
  if (one.isDirectory) return !world.isSyncthing1 || one.ctime === other.ctime;
  return one.mtime === other.mtime;
}

/** What is on the disk is not what the index says of it. */
export function isUnscanned(world: World, disk: Disk, name: string): boolean {
  const file = disk.tree?.get(name) ?? GONE;
  const entry = disk.database?.local.get(name);
  return entry === undefined ? file.content !== 0 : !isSame(world, file, entry);
}

/**
 * A receiver that finds what the others have takes their version. Syncthing 1.30 takes it also for a file that they
 * deleted, and leaves the file there.
 */
function adopted(world: World, newest: Entry | undefined, file: ModelFile): Entry | undefined {
  if (newest === undefined || file.isDirectory) return undefined;
  if (newest.content === file.content && (file.content === 0 || newest.mtime === file.mtime)) return newest;
  return world.isSyncthing1 && newest.content === 0 ? { ...newest, ...file } : undefined;
}

/** Of a receiver's own file nothing is left, and nobody else ever had it. */
function isForgotten(before: Entry | undefined, newest: Entry | undefined, file: ModelFile): boolean {
  return file.content === 0 && before?.isFlagged === true && newest === undefined;
}

function forget(disk: Disk, database: FolderDatabase, name: string): void {
  const local = new Map(database.local);
  local.delete(name);
  disk.database = { ...database, local };
}

/** Whether the receiver's scan needed no version of its own for what it found. */
function receive(world: World, disk: Disk, database: FolderDatabase, name: string): boolean {
  const before = database.local.get(name);
  const file = disk.tree?.get(name) ?? GONE;
  const newest = globalEntry(disk, database, name);
  if (isForgotten(before, newest, file)) {
    forget(disk, database, name);
    return true;
  }
  const mayAdopt = before === undefined || file.content === 0 || !world.isSyncthing1;
  const same = mayAdopt ? adopted(world, newest, file) : undefined;
  if (same !== undefined) disk.database = withEntry(database, name, { ...same, ctime: file.ctime });
  return same !== undefined;
}

export function scanName(world: World, { disk }: ModelNode, name: string): void {
  const { database } = disk;
  const type = typeOf(disk);
  if (database === undefined || type === undefined) return;
  const before = database.local.get(name);
  const isFreed = before?.isFlagged === true && type === 'sendreceive';
  if (!isFreed && !isUnscanned(world, disk, name)) return;
  if (type === 'receiveonly' && receive(world, disk, database, name)) return;
  disk.database = withEntry(database, name, changedEntry(world, disk, before, name));
}

function changedEntry(
  world: World,
  disk: Disk,
  before: Entry | undefined,
  name: string,
): Omit<Entry, 'sequence'> {
  const file = disk.tree?.get(name) ?? GONE;
  const isFlagged = typeOf(disk) === 'receiveonly';
  const known = before?.version ?? {};
  const base = before?.isFlagged === true && !isFlagged ? withoutOthers(known, disk.deviceId) : known;
  const version = bumped(base, disk.deviceId, Math.floor(world.now / 1000));
  const mtime = file.content === 0 ? world.now : file.mtime;
  return { ...file, mtime, version, isFlagged };
}

/** The first scan after the loss of a database knows of no deletion before it. */
function rebuild({ ledger }: World, { disk }: ModelNode): void {
  ledger.lostDatabases.delete(disk.storeId);
  if (ledger.forgetful.delete(disk.storeId)) forgetDeletions(ledger);
}

function canScan(disk: Disk): boolean {
  return typeOf(disk) !== undefined && !isParked(disk) && disk.hasDirectory && !disk.isDoubled;
}

/** New and changed files first, deletions in a second pass, as Syncthing does. */
export function scanFolder(world: World, node: ModelNode): void {
  const { disk, daemon } = node;
  if (disk.database === undefined || !canScan(disk)) return;
  daemon.hasGivenUp = node.isFull;
  if (node.isFull) return;
  rebuild(world, node);
  const onDisk = [...(disk.tree?.keys() ?? [])].sort();
  for (const name of onDisk) scanName(world, node, name);
  for (const name of disk.database.local.keys())
    if (disk.tree?.has(name) !== true) scanName(world, node, name);
  daemon.isScanned = true;
  daemon.hasToScan = false;
}

/** What counts as changed on a receiver is given up: the others' version is needed, what only it has goes. */
export function revertFolder({ disk }: ModelNode): void {
  if (disk.database === undefined || typeOf(disk) !== 'receiveonly') return;
  for (const [name, entry] of disk.database.local) {
    if (!entry.isFlagged) continue;
    const newest = globalEntry(disk, disk.database, name);
    const local: Map<string, Entry> = new Map(disk.database.local);
    if (newest !== undefined) local.set(name, { ...entry, version: {}, isFlagged: false });
    else {
      if (hasChildren(disk.tree, name)) continue;
      local.delete(name);
      disk.tree?.delete(name);
    }
    disk.database = { ...disk.database, local };
  }
}

/** What others have otherwise gets the only writer's version; what it lacks is deleted. */
export function overrideNeeds(world: World, { disk }: ModelNode): void {
  for (const name of needsOf(disk)) {
    const { database } = disk;
    const newest = database && globalEntry(disk, database, name);
    if (database === undefined || newest === undefined) continue;
    const own = database.local.get(name) ?? { ...GONE, mtime: world.now, isFlagged: false };
    const known = mergedVersions('version' in own ? own.version : {}, newest.version);
    const version = bumped(known, disk.deviceId, Math.floor(world.now / 1000));
    disk.database = withEntry(database, name, { ...own, version });
  }
  count(world.counts, 'scan: overrides');
}
