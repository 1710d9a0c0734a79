/** What a node does in the background for a copy: it begins, things happen, it ends or is lost with the process. */
import { archivesIn } from '../../src/handoff/archives.ts';
import {
  announced,
  announcing,
  archived,
  archivesOf,
  rejoined,
  type DiskState,
} from '../../src/handoff/disk-state.ts';
import { isOnlyHolder, scanProves } from '../../src/handoff/session.ts';
import { mayAnnounce } from '../../src/handoff/folder-type.ts';
import { sessionOf, type LocalAction } from '../../src/handoff/local.ts';
import { isConflictName } from '../../src/desired/shared-status.ts';
import { count } from './counts.ts';
import { DIRECTORY, putFile, ROOT, syncDisk, type Disk, type FolderDatabase, type Tree } from './disk.ts';
import { reaches } from './reaches.ts';
import { isBroken } from './folder-report.ts';
import {
  flaggedOf,
  globalEntry,
  knownNames,
  needsOf,
  sendsOnly,
  typeOf,
  type Changed,
} from './global-entry.ts';
import { noteRejoined, nothingIsLeftBehind } from './lineage.ts';
import { noteScan, noteScanEnd } from './ledger.ts';
import { endDropVersions, endTakeBack } from './versions.ts';
import type { Job, ModelNode } from './model-node.ts';
import { pullOne } from './pull.ts';
import { overrideNeeds, revertFolder, scanFolder } from './scan.ts';
import type { World } from './world.ts';

const IN_BACKGROUND: ReadonlySet<LocalAction['kind']> = new Set([
  'scan',
  'archive-tree',
  'finish-rejoin',
  'absorb',
  'announce',
  'drop-versions',
  'take-back',
  'recheck',
  'scan-shared',
]);

function beginScan(world: World, { driver, disk }: ModelNode, epoch: number): void {
  if (driver?.order?.spec.base.kind === 'empty') disk.tree ??= new Map([[ROOT, DIRECTORY]]);
  syncDisk(disk);
  noteScan(world.ledger, new Date(world.now).toISOString(), disk.tree, epoch);
}

export function beginJob(world: World, node: ModelNode, action: LocalAction): void {
  const { driver, disk, daemon } = node;
  if (driver === undefined || driver.job !== undefined || !IN_BACKGROUND.has(action.kind)) return;
  const { epoch, session } = (disk.state && sessionOf(disk.state)) ?? { epoch: 0, session: 0 };
  const type = typeOf(disk);
  if (action.kind === 'scan') beginScan(world, node, epoch);
  driver.job = {
    action,
    epoch,
    session,
    phase: disk.state?.phase,
    startedAt: world.now,
    restarts: daemon.restarts,
    type,
    versions: disk.kept.length,
  };
}

function endRecheck(world: World, node: ModelNode, { action }: Job): void {
  if (node.isFull || action.kind !== 'recheck') return;
  if (node.daemon.hasGivenUp) count(world.counts, 'recheck: heals');
  node.daemon.hasGivenUp = false;
  if (action.isUnscanned) scanFolder(world, node);
}

export function endJob(world: World, node: ModelNode): void {
  const { driver } = node;
  const job = driver?.job;
  if (driver === undefined || job === undefined || !node.isOn) return;
  driver.job = undefined;
  const work = WORK[job.action.kind];
  if (job.action.kind === 'archive-tree' || node.daemon.isOn) work?.(world, node, job);
}

/** The scan reads the files at some moment after its begin; a restart of the folder cancels it. */
function endScan(world: World, node: ModelNode, job: Job): void {
  const { disk, daemon, driver } = node;
  if (driver === undefined || job.action.kind !== 'scan') return;
  if (daemon.restarts !== job.restarts || typeOf(disk) === undefined) {
    count(world.counts, 'scan: cancelled');
    return;
  }
  scanFolder(world, node);
  if (sendsOnly(disk) && !isBroken(node) && needsOf(disk).length > 0) overrideNeeds(world, node);
  noteScanEnd(world.ledger, new Date(job.startedAt).toISOString());
  const proves = scanProves({
    typeBefore: job.type,
    typeAfter: typeOf(disk),
    errors: isBroken(node) ? 1 : 0,
    needItems: needsOf(disk).length,
    receiveOnlyItems: flaggedOf(disk).length,
    isShared: world.isShared,
  });
  count(world.counts, proves ? 'scan: proves' : 'scan: proves nothing');
  driver.record.scan = {
    epoch: job.epoch,
    session: job.session,
    sequence: sequenceOf(disk),
    afterUnmount: job.action.afterUnmount,
    proves,
    startedAt: new Date(job.startedAt).toISOString(),
    finishedAt: world.now,
    durationMs: world.now - job.startedAt,
  };
}

function endArchive(_world: World, { disk }: ModelNode, { phase }: Job): void {
  if (disk.state === undefined || phase?.kind !== 'rejoining' || phase.step !== 'archiving') return;
  if (disk.tree !== undefined && !disk.archives.has(phase.archive))
    disk.archives.set(phase.archive, new Map(disk.tree));
  disk.durableTree = disk.tree === undefined ? undefined : new Map(disk.tree);
  disk.state = archived(disk.state, phase.epoch);
}

function sequenceOf({ database }: Disk): number {
  return database?.sequence ?? 0;
}

function isInSync({ disk, daemon }: ModelNode): boolean {
  return flaggedOf(disk).length === 0 && !daemon.hasToScan && needsOf(disk).length === 0;
}

type Rejoining = Extract<DiskState['phase'], { kind: 'rejoining' }>;

function archivedPhase({ phase }: Job, { database }: Disk): Rejoining | undefined {
  const isReady = phase?.kind === 'rejoining' && phase.step === 'archived' && database !== undefined;
  return isReady ? phase : undefined;
}

/** The measured procedure: scan, revert, scan, in sync, what the index does not have goes, prune (handoff rule 30). */
function endRejoin(world: World, node: ModelNode, job: Job): void {
  const { disk } = node;
  const phase = archivedPhase(job, disk);
  if (phase === undefined || disk.state === undefined) return;
  scanFolder(world, node);
  revertFolder(node);
  scanFolder(world, node);
  if (!isInSync(node)) {
    count(world.counts, 'rejoin: not in sync yet');
    return;
  }
  const archive = disk.archives.get(phase.archive) ?? new Map();
  removeUnindexed(disk, archive);
  scanFolder(world, node);
  if (!isInSync(node)) return;
  disk.archives.set(phase.archive, archive);
  for (const each of archivesIn(phase)) prune(disk, disk.archives.get(each));
  const left = archivesOf(disk.state).filter((each) => (disk.archives.get(each)?.size ?? 0) > 0);
  const ended = rejoined(disk.state, { epoch: phase.epoch, archives: left });
  if (ended === disk.state) return count(world.counts, 'rejoin: ends after another has begun');
  disk.state = ended;
  nothingIsLeftBehind(world);
  noteRejoined(world, disk);
  count(world.counts, 'rejoin: finished');
  if (phase.earlier !== undefined) count(world.counts, 'rejoin: begun more than once');
}

function prune({ tree }: Disk, archive: Tree = new Map()): void {
  for (const [name, file] of archive) if (tree?.get(name)?.content === file.content) archive.delete(name);
}

function removeUnindexed(disk: Disk, archive: Tree): void {
  const { database } = disk;
  if (database === undefined) return;
  const indexed = new Set(
    knownNames(disk, database).filter((name) => (globalEntry(disk, database, name)?.content ?? 0) !== 0),
  );
  for (const [name, file] of [...(disk.tree ?? [])].reverse()) {
    if (indexed.has(name)) continue;
    if (!archive.has(name)) archive.set(name, file);
    putFile(disk, name, undefined);
  }
}

type Verdict = 'revert' | 'announce' | 'tell' | 'conflict' | 'keep';

/** src/node/absorb-changes.ts */
function verdictOn(disk: Disk, database: FolderDatabase, [name, entry]: Changed, isTruth: boolean): Verdict {
  const isNowhere = globalEntry(disk, database, name) === undefined;
  if (entry.content === 0) return 'keep';
  if (isConflictName(name)) return 'conflict';
  if (entry.isDirectory && isAnywhere(disk, name)) return isNowhere ? 'announce' : 'revert';
  return isTruth ? 'tell' : 'keep';
}

/** What is nobody's work is taken back or announced; anything else stays, or is given up where another has it. */
function endAbsorb(world: World, node: ModelNode, { action }: Job): void {
  const { disk } = node;
  const { database } = disk;
  if (database === undefined || action.kind !== 'absorb') return;
  const changed = flaggedOf(disk);
  const verdicts = changed.map((each) => verdictOn(disk, database, each, action.isTruth));
  if (verdicts.includes('keep')) {
    count(world.counts, action.mayRevert ? 'absorb: gives up changes' : 'absorb: kept');
    if (action.mayRevert) giveUp(world, node);
  } else if (verdicts.includes('tell')) tell(world, node);
  else if (verdicts.includes('announce') || verdicts.includes('conflict')) beginAnnouncing(world, node);
  else takeBack(world, node, changed.length);
}

/** What goes is in the archive first. */
function giveUp(world: World, node: ModelNode): void {
  const { disk } = node;
  const kept: Tree = new Map();
  for (const [name] of flaggedOf(disk)) {
    const file = disk.tree?.get(name);
    if (world.isShared && file !== undefined) kept.set(name, file);
  }
  if (kept.size > 0) disk.archives.set(`changed-${world.steps}`, kept);
  revertFolder(node);
}

/** What is on the only holder's disk is the volume; the order may be old, so that this is read live. */
function tell(world: World, node: ModelNode): void {
  const { volume } = world.api;
  const isTruth =
    volume !== undefined && isOnlyHolder(volume, { node: node.name, storeId: node.disk.storeId });
  if (!isTruth || !reaches(world, node)) return;
  count(world.counts, 'absorb: tells its files');
  beginAnnouncing(world, node);
}

function beginAnnouncing(world: World, { disk, driver }: ModelNode): void {
  const order = driver?.order?.spec;
  const { state } = disk;
  if (order !== undefined && state !== undefined && mayAnnounce(state, order)) disk.state = announcing(state);
  count(world.counts, 'absorb: announces');
}

/** Directories need nobody's bytes: Syncthing takes them back in the same turn. */
function takeBack(world: World, node: ModelNode, changed: number): void {
  revertFolder(node);
  scanFolder(world, node);
  for (let left = changed; left > 0; left -= 1) pullOne(world, node, 0);
  count(world.counts, 'absorb: reverts');
}

/** Another copy has such a directory, or all took it for changed. */
function isAnywhere(disk: Disk, name: string): boolean {
  const remotes = [...(disk.database?.remote.values() ?? [])];
  return remotes.length === 0 || remotes.some((index) => index.entries.get(name)?.isDirectory === true);
}

function endAnnounce(world: World, node: ModelNode): void {
  scanFolder(world, node);
  if (node.disk.state !== undefined) node.disk.state = announced(node.disk.state);
}

function endScanShared(world: World, node: ModelNode): void {
  const record = node.driver?.record;
  if (record?.peersGo === undefined) return;
  scanFolder(world, node);
  record.peersGo = { ...record.peersGo, isScanned: true };
}

const WORK: Readonly<
  Partial<Record<LocalAction['kind'], (world: World, node: ModelNode, job: Job) => void>>
> = {
  scan: endScan,
  'archive-tree': endArchive,
  'finish-rejoin': endRejoin,
  absorb: endAbsorb,
  announce: endAnnounce,
  'drop-versions': endDropVersions,
  'take-back': endTakeBack,
  recheck: endRecheck,
  'scan-shared': endScanShared,
};
