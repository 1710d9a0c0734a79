/** What a copy keeps of replaced and deleted files: when it goes, and when it comes back. */
import { tookBack } from '../../src/handoff/disk-state.ts';
import { isHeldBy } from '../../src/handoff/session.ts';
import { isUnproven, type Deletion, type ProvenState } from '../../src/handoff/taken-back.ts';
import { count } from './counts.ts';
import { DIRECTORY, parentOf, putFile, syncDisk, type Disk, type KeptVersion } from './disk.ts';
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

/** src/node/take-back.ts: the newest version of each file that is missing and was deleted after the proof. */
export function endTakeBack(world: World, node: ModelNode, { action }: Job): void {
  const { disk } = node;
  if (action.kind !== 'take-back' || disk.state === undefined) return;
  for (const version of [...disk.kept].reverse()) {
    const deletion = deletionOf(disk, version.name);
    if (deletion === undefined || !isUnproven(deletion, action.proven)) continue;
    putBack(disk, version);
    count(world.counts, 'take-back: a file');
    if (isOfThatSecond(deletion, action.proven))
      world.ledger.mayReappear.add(`${version.name}=${version.file.content}`);
  }
  syncDisk(disk);
  scanFolder(world, node);
  disk.state = tookBack(disk.state, action.epoch);
}

function deletionOf({ tree, database }: Disk, name: string): Deletion | undefined {
  const entry = database?.local.get(name);
  if (tree?.has(name) === true || entry?.content !== 0) return undefined;
  return { sequence: entry.sequence, counter: Math.max(0, ...Object.values(entry.version)) };
}

function putBack(disk: Disk, { name, file }: KeptVersion): void {
  const parent = parentOf(name);
  if (parent !== undefined && disk.tree?.has(parent) !== true) putFile(disk, parent, DIRECTORY);
  putFile(disk, name, file);
}

function isOfThatSecond({ counter }: Deletion, proven: ProvenState): boolean {
  return proven.kind === 'moment' && counter === Math.floor(proven.at / 1000);
}
