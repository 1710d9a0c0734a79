/** What a node does in the background for a copy: it begins, things happen, it ends or is lost with the process. */
import { announced, announcing, archived, rejoined } from '../../src/handoff/disk-state.ts';
import { mayAnnounce, type LocalAction } from '../../src/handoff/local.ts';
import { count } from './counts.ts';
import { DIRECTORY, putFile, ROOT, syncDisk, type Disk } from './disk.ts';
import { globalEntry, knownNames, needsOf, typeOf } from './global-entry.ts';
import { noteScan } from './ledger.ts';
import type { Job, ModelNode } from './model-node.ts';
import { pullOne } from './pull.ts';
import { revertFolder, scanFolder } from './scan.ts';
import type { World } from './world.ts';

const IN_BACKGROUND: ReadonlySet<LocalAction['kind']> = new Set([
  'scan',
  'archive-tree',
  'finish-rejoin',
  'absorb',
  'announce',
]);

export function beginJob(world: World, node: ModelNode, action: LocalAction): void {
  const { driver, disk, daemon } = node;
  if (driver === undefined || driver.job !== undefined || !IN_BACKGROUND.has(action.kind)) return;
  const phase = disk.state?.phase;
  const session = phase?.kind === 'writer' ? phase : { epoch: 0, session: 0 };
  const isWriter = typeOf(disk) === 'sendreceive';
  if (action.kind === 'scan') {
    if (driver.order?.spec.base.kind === 'empty') disk.tree ??= new Map([[ROOT, DIRECTORY]]);
    syncDisk(disk);
    noteScan(world.ledger, new Date(world.now).toISOString(), disk.tree, session.epoch);
  }
  driver.job = {
    action,
    epoch: session.epoch,
    session: session.session,
    startedAt: world.now,
    restarts: daemon.restarts,
    isWriter,
  };
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
  const isClean = needsOf(disk).length === 0 && disk.hasDirectory;
  const flagged = [...(disk.database?.local.values() ?? [])].some((entry) => entry.isFlagged);
  const proves = job.isWriter && isClean && !flagged && typeOf(disk) === 'sendreceive';
  count(world.counts, proves ? 'scan: proves' : 'scan: proves nothing');
  driver.record.scan = {
    epoch: job.epoch,
    session: job.session,
    sequence: disk.database?.sequence ?? 0,
    afterUnmount: job.action.afterUnmount,
    proves,
    startedAt: new Date(job.startedAt).toISOString(),
    finishedAt: world.now,
    durationMs: world.now - job.startedAt,
  };
}

function endArchive(_world: World, { disk }: ModelNode): void {
  const phase = disk.state?.phase;
  if (disk.state === undefined || phase?.kind !== 'rejoining' || phase.step !== 'archiving') return;
  if (disk.tree !== undefined && !disk.archives.has(phase.archive))
    disk.archives.set(phase.archive, new Map(disk.tree));
  disk.durableTree = disk.tree === undefined ? undefined : new Map(disk.tree);
  disk.state = archived(disk.state);
}

function isInSync({ disk, daemon }: ModelNode): boolean {
  const flagged = [...(disk.database?.local.values() ?? [])].some((entry) => entry.isFlagged);
  return !flagged && !daemon.hasToScan && needsOf(disk).length === 0;
}

/** The measured procedure: scan, revert, scan, in sync, what the index does not have goes, prune (handoff rule 30). */
function endRejoin(world: World, node: ModelNode): void {
  const { disk } = node;
  const phase = disk.state?.phase;
  if (phase?.kind !== 'rejoining' || phase.step !== 'archived' || disk.database === undefined) return;
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
  if (!isInSync(node) || disk.state === undefined) return;
  for (const [name, file] of archive)
    if (disk.tree?.get(name)?.content === file.content) archive.delete(name);
  disk.archives.set(phase.archive, archive);
  disk.state = rejoined({
    ...disk.state,
    phase: { ...phase, archive: archive.size > 0 ? phase.archive : '' },
  });
  count(world.counts, 'rejoin: finished');
}

function removeUnindexed(disk: Disk, archive: Map<string, unknown> & Disk['trash'][number]): void {
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

/** Directories alone are taken back or announced; anything else is somebody's work and stays (src/node/absorb-changes.ts). */
function endAbsorb(world: World, node: ModelNode, job: Job): void {
  const { disk, driver } = node;
  const { database, state } = disk;
  if (database === undefined || state === undefined) return;
  const changed = [...database.local].filter(([, entry]) => entry.isFlagged);
  const isForeign = ([name, entry]: (typeof changed)[number]): boolean =>
    !entry.isDirectory || entry.content === 0 || !isAnywhere(disk, name);
  if (changed.some(isForeign)) {
    const mayRevert = job.action.kind === 'absorb' && job.action.mayRevert;
    count(world.counts, mayRevert ? 'absorb: gives up changes' : 'absorb: kept');
    if (mayRevert) revertFolder(node);
    return;
  }
  const order = driver?.order?.spec;
  if (changed.some(([name]) => globalEntry(disk, database, name) === undefined)) {
    if (order !== undefined && mayAnnounce(state, order)) disk.state = announcing(state);
    count(world.counts, 'absorb: announces');
  } else {
    revertFolder(node);
    scanFolder(world, node);
    // Directories need nobody's bytes: Syncthing takes them back in the same turn.
    for (const _ of changed) pullOne(world, node, 0);
    count(world.counts, 'absorb: reverts');
  }
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

const WORK: Readonly<
  Partial<Record<LocalAction['kind'], (world: World, node: ModelNode, job: Job) => void>>
> = {
  scan: endScan,
  'archive-tree': endArchive,
  'finish-rejoin': endRejoin,
  absorb: endAbsorb,
  announce: endAnnounce,
};
