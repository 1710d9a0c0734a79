/** What a copy keeps of replaced and deleted files: when it goes, and when it comes back. */
import { announced, announcing, tookBack } from '../../src/handoff/disk-state.ts';
import { mayAnnounce } from '../../src/handoff/folder-type.ts';
import { isHeldBy } from '../../src/handoff/session.ts';
import { isUnproven, type Deletion, type ProvenState } from '../../src/handoff/taken-back.ts';
import { count } from './counts.ts';
import { DIRECTORY, parentOf, putFile, syncDisk, type Disk, type KeptVersion } from './disk.ts';
import { flaggedOf, typeOf } from './global-entry.ts';
import type { Job, ModelNode } from './model-node.ts';
import { reaches } from './reaches.ts';
import { scanFolder } from './scan.ts';
import type { World } from './world.ts';

/** src/node/drop-versions.ts: those that were there when it began, and only if the API server agrees. */
export function endDropVersions(world: World, node: ModelNode, { action, versions }: Job): void {
  const { disk, driver } = node;
  const { volume } = world.api;
  const place = { node: node.name, storeId: disk.storeId };
  if (action.kind !== 'drop-versions' || driver === undefined) return;
  if (versions > 0) {
    if (volume === undefined || !reaches(world, node) || !isHeldBy(volume, place, action.base)) return;
    disk.kept = disk.kept.slice(versions);
    count(world.counts, 'versions: dropped');
  }
  driver.record.versionsDropped = action.base;
}

/**
 * src/node/take-back.ts: the newest version of each file that is missing and was deleted after the proof; with writer
 * type, but where something counts as changed.
 */
export function endTakeBack(world: World, node: ModelNode, { action }: Job): void {
  const { disk } = node;
  if (action.kind !== 'take-back' || disk.state === undefined) return;
  const isAnnouncing = disk.state.announcing === true;
  if (!isAnnouncing && isAnythingUnproven(disk, action.proven)) {
    scanFolder(world, node);
    if (flaggedOf(disk).length === 0) return beginAnnouncing(world, node);
  }
  if (isAnnouncing && typeOf(disk) !== 'sendreceive') return;
  putAllBack(world, disk, action.proven);
  syncDisk(disk);
  scanFolder(world, node);
  // A scan that failed is repeated.
  if (node.daemon.hasGivenUp) return;
  if (isAnnouncing) count(world.counts, 'take-back: with writer type');
  disk.state = tookBack(announced(disk.state), action.epoch);
}

function isAnythingUnproven(disk: Disk, proven: ProvenState): boolean {
  return disk.kept.some(({ name }) => unprovenDeletion(disk, name, proven) !== undefined);
}

function beginAnnouncing(world: World, { disk, driver }: ModelNode): void {
  const order = driver?.order?.spec;
  const { state } = disk;
  if (order === undefined || state === undefined || !mayAnnounce(state, order)) return;
  disk.state = announcing(state);
  count(world.counts, 'take-back: announces');
}

function putAllBack(world: World, disk: Disk, proven: ProvenState): void {
  for (const version of [...disk.kept].reverse()) {
    const deletion = unprovenDeletion(disk, version.name, proven);
    if (deletion === undefined) continue;
    putBack(disk, version);
    count(world.counts, 'take-back: a file');
    if (isOfThatSecond(deletion, proven))
      world.ledger.mayReappear.add(`${version.name}=${version.file.content}`);
  }
}

/** By its time, which stays whoever takes it in: a stale copy that rejoins may merge versions (handoff rule 28). */
function unprovenDeletion({ tree, database }: Disk, name: string, proven: ProvenState): Deletion | undefined {
  const entry = database?.local.get(name);
  if (tree?.has(name) === true || entry?.content !== 0) return undefined;
  const { sequence, mtime } = entry;
  const deletion = { sequence, second: Math.floor(mtime / 1000) };
  return isUnproven(deletion, proven) ? deletion : undefined;
}

function putBack(disk: Disk, { name, file }: KeptVersion): void {
  const parent = parentOf(name);
  if (parent !== undefined && disk.tree?.has(parent) !== true) putFile(disk, parent, DIRECTORY);
  putFile(disk, name, file);
}

function isOfThatSecond({ second }: Deletion, proven: ProvenState): boolean {
  return proven.kind === 'moment' && second === Math.floor(proven.at / 1000);
}
