/** A daemon takes in one file that it lacks. */
import { DIRECTORY, hasChildren, parentOf, putFile, type Disk, type Entry, type ModelFile } from './disk.ts';
import { bothShare, isLinked } from './exchange.ts';
import { isConflictName } from '../../src/desired/shared-status.ts';
import { folderOf, globalEntry, isParked, needsOf, sendsOnly, typeOf } from './global-entry.ts';
import type { ModelNode } from './model-node.ts';
import { isUnscanned, scanName, withEntry } from './scan.ts';
import { compareVersions, mergedVersions } from './version-vector.ts';
import { count } from './counts.ts';
import { nextNumber, type World } from './world.ts';

/** A peer that announces this very version and still has its bytes. */
function sourceOf(world: World, node: ModelNode, name: string, newest: Entry): ModelNode | undefined {
  return world.nodes.find((other) => {
    if (other === node || !isLinked(world, node, other) || !bothShare(node, other)) return false;
    const announced = node.disk.database?.remote.get(other.disk.deviceId)?.entries.get(name);
    if (announced === undefined || compareVersions(announced.version, newest.version) !== 'equal')
      return false;
    return other.disk.tree?.get(name)?.content === newest.content;
  });
}

function keepVersion(world: World, disk: Disk, name: string, isDeletion: boolean): void {
  const file = disk.tree?.get(name);
  if (file === undefined || file.isDirectory) return;
  if (typeOf(disk) !== 'receiveonly' && !world.isShared) return;
  disk.kept = [...disk.kept, { name, file, at: world.now, isDeletion }];
}

/** Whether the newest version can be brought about on the disk now; deletions of a directory wait for what is in it. */
function canTake(world: World, node: ModelNode, name: string, newest: Entry): boolean {
  const { tree } = node.disk;
  if (sendsOnly(node.disk)) return isSameHere(node.disk, name, newest);
  if (newest.content === 0) return !hasChildren(tree, name);
  if (newest.isDirectory || tree?.get(name)?.content === newest.content) return true;
  return sourceOf(world, node, name, newest) !== undefined;
}

/** A folder that only sends takes over the newer version of a file that it has just so. */
function isSameHere({ database }: Disk, name: string, newest: Entry): boolean {
  const own = database?.local.get(name);
  return own !== undefined && own.content === newest.content && own.mtime === newest.mtime;
}

function canPull({ isOn, isSlow, daemon, disk }: ModelNode): boolean {
  const isWorking = isOn && daemon.isOn && !isSlow && !daemon.hasToScan && !daemon.hasGivenUp;
  return isWorking && disk.hasDirectory && !disk.isDoubled && !isParked(disk);
}

/** `pick` chooses among what is needed: Syncthing pulls in no order that matters, and deletions may come first. */
export function pullOne(world: World, node: ModelNode, pick: number): boolean {
  const { disk } = node;
  const { database } = disk;
  if (!canPull(node) || database === undefined) return false;
  const needed = needsOf(disk);
  const name = needed[pick % Math.max(1, needed.length)];
  const newest = name === undefined ? undefined : globalEntry(disk, database, name);
  if (name === undefined || newest === undefined) return false;
  if (node.isFull) {
    node.daemon.hasGivenUp = true;
    return true;
  }
  if (isUnscanned(world, disk, name)) {
    scanName(world, node, name);
    return true;
  }
  if (!canTake(world, node, name, newest)) return false;
  if (newest.content !== 0) makeParents(world, node, name);
  take(world, node, name, newest);
  return true;
}

/** Directories that are missing are made on the way, and looked at. */
function makeParents(world: World, node: ModelNode, name: string): void {
  const parent = parentOf(name);
  if (parent === undefined || node.disk.tree?.has(parent) === true) return;
  makeParents(world, node, parent);
  putFile(node.disk, parent, DIRECTORY);
  node.disk.durableTree = new Map(node.disk.durableTree ?? []).set(parent, DIRECTORY);
  scanName(world, node, parent);
}

function isConflict(before: Entry | undefined, newest: Entry): before is Entry {
  if (before === undefined || before.content === newest.content) return false;
  return compareVersions(before.version, newest.version) === 'concurrent';
}

function take(world: World, { disk, daemon }: ModelNode, name: string, newest: Entry): void {
  const { database } = disk;
  if (database === undefined) return;
  const before = database.local.get(name);
  const hasConflict = isConflict(before, newest);
  if (hasConflict) keepConflict(world, disk, name);
  // Syncthing looks at the copy once it has pulled what there is.
  if (hasConflict && world.isShared) daemon.hasToScan = true;
  replace(world, disk, name, newest);
  const version = hasConflict ? mergedVersions(before.version, newest.version) : newest.version;
  const ctime = disk.tree?.get(name)?.ctime ?? 0;
  disk.database = withEntry(database, name, { ...newest, ctime, version, isFlagged: false });
}

/**
 * As the folder's `maxConflicts` says. Of a conflict copy no other is made; two with one name, made by two nodes in the
 * same second, do not come about here (docs/limitations.md).
 */
function keepConflict(world: World, disk: Disk, name: string): void {
  count(world.counts, 'syncthing: conflict');
  const old = disk.tree?.get(name);
  if (old === undefined || old.isDirectory || folderOf(disk)?.['maxConflicts'] === 0 || isConflictName(name))
    return;
  if (!world.isShared) {
    putFile(disk, `${name}.sync-conflict`, old);
    return;
  }
  putBeside(disk, name, conflictName(world, name));
  count(
    world.counts,
    `sharing: conflict copy on a ${typeOf(disk) === 'receiveonly' ? 'receiver' : 'writer'}`,
  );
}

/** A rename, and a journal does not keep the one after it, of what was pulled, without it. */
function putBeside(disk: Disk, name: string, beside: string): void {
  const old = disk.tree?.get(name);
  if (old === undefined) return;
  putFile(disk, beside, old);
  const isSynced = disk.durableTree?.get(name)?.content === old.content;
  if (isSynced) disk.durableTree = new Map(disk.durableTree).set(beside, old);
}

function conflictName(world: World, name: string): string {
  const time = new Date(world.now).toISOString().replaceAll(/[-:]/g, '').replace('T', '-').slice(0, 15);
  return `${name}.sync-conflict-${time}-${modifier(nextNumber(world))}`;
}

/** Seven letters, as Syncthing's short ids have; another one each time. */
function modifier(number: number): string {
  const letters = Array.from({ length: 7 }, (_, index) => 65 + (Math.floor(number / 26 ** index) % 26));
  return String.fromCharCode(...letters);
}

/** A directory stays as it is unless it goes. */
function replace(world: World, disk: Disk, name: string, newest: Entry): void {
  const old = disk.tree?.get(name);
  const isGone = newest.content === 0;
  if (!isGone && old !== undefined && isAsIs(old, newest)) return;
  keepVersion(world, disk, name, isGone);
  putOnDisk(disk, name, newest);
}

function isAsIs(old: ModelFile, newest: Entry): boolean {
  return old.isDirectory || (old.content === newest.content && old.mtime === newest.mtime);
}

/** The file is on the disk before the index says so; a deletion becomes durable with the next syncfs. */
function putOnDisk(disk: Disk, name: string, { content, mtime, isDirectory }: Entry): void {
  const file: ModelFile | undefined = content === 0 ? undefined : { content, mtime, isDirectory, ctime: 1 };
  putFile(disk, name, file);
  if (file === undefined) return;
  disk.durableTree = new Map(disk.durableTree ?? []).set(name, file);
  const parent = parentOf(name);
  // An fsync of a directory that a pod made takes its own name to the disk as well.
  if (parent !== undefined) disk.durableTree.set(parent, disk.tree?.get(parent) ?? DIRECTORY);
}
