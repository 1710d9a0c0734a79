/** One look of a node at its copy (src/node/reconcile-volume.ts): observe, plan, change state.json, report. */
import {
  announced,
  beginRejoin,
  decline,
  newDiskState,
  release,
  sawEpoch,
  type DiskState,
} from '../../src/handoff/disk-state.ts';
import { endReading } from '../../src/handoff/reading.ts';
import { declineWriting } from '../../src/handoff/writing.ts';
import { planLocal, writerPhase, type LocalAction, type LocalView } from '../../src/handoff/local.ts';
import {
  claimsMore,
  lastReport,
  phaseSince,
  replicaStatus,
  saysTheSame,
} from '../../src/node/replica-status.ts';
import type { FolderReport } from '../../src/desired/replica.ts';
import { isScanDue } from '../../src/node/peers-go.ts';
import { observedPeers } from '../../src/node/observed-peers.ts';
import { writeReport } from './api.ts';
import { count } from './counts.ts';
import { syncDisk } from './disk.ts';
import { reaches } from './reaches.ts';
import { folderReport } from './folder-report.ts';
import { contentsOf, noteRelease, type Session } from './ledger.ts';
import { noteRejoin } from './lineage.ts';
import { noteSharedEnd } from './sharing-ledger.ts';
import { violation } from './violation.ts';
import { podMounts, type Asking, type Driver, type ModelNode } from './model-node.ts';
import { beginJob } from './jobs.ts';
import { FOLDER, SETTINGS, timestamp, VOLUME, type World } from './world.ts';

const MAX_STEPS = 4;
const PUBLISH_GRACE_MS = 150_000;

function isAsked({ now }: World, asking: Asking | undefined): boolean {
  return asking !== undefined && asking.until > now;
}

export function localView(
  world: World,
  node: ModelNode,
  {
    driver,
    state,
    folder,
  }: { readonly driver: Driver; readonly state: DiskState; readonly folder?: FolderReport },
): LocalView {
  const { order, record, wanted, wantedToRead } = driver;
  const { scan, stagedAt, versionsDropped } = record;
  return {
    node: node.name,
    state,
    ...(order !== undefined && { order: order.spec }),
    podMounts: podMounts(node),
    stagingMounts: node.staging === undefined ? [] : ['staging'],
    ...(folder !== undefined && { folder }),
    ...(scan !== undefined && { scan }),
    ...(versionsDropped !== undefined && { versionsDropped }),
    changedSinceScan: scan === undefined || (folder !== undefined && folder.sequence > scan.sequence),
    isWanted: isAsked(world, wanted),
    isWantedToRead: isAsked(world, wantedToRead),
    isAwaitingPublish: stagedAt !== undefined && world.now - stagedAt < PUBLISH_GRACE_MS,
    isPeerLeaving: isScanDue({ ...record, ...(order !== undefined && { order }) }),
    now: world.now,
    settings: SETTINGS,
  };
}

type Transition = (state: DiskState, action: LocalAction) => DiskState;

function unchanged(state: DiskState): DiskState {
  return state;
}

/** Every action has its transition; what runs in the background has none. */
const TRANSITIONS: Readonly<Record<LocalAction['kind'], Transition>> = {
  'see-epoch': (state, action) => (action.kind === 'see-epoch' ? sawEpoch(state, action) : state),
  release: (state, action) => (action.kind === 'release' ? release(state, action.scan) : state),
  decline: (state, action) => (action.kind === 'decline' ? decline(state, action.epoch) : state),
  'begin-rejoin': (state, action) =>
    action.kind === 'begin-rejoin' ? beginRejoin(state, action.epoch, `archive/${action.epoch}`) : state,
  'end-reading': (state, action) => (action.kind === 'end-reading' ? endReading(state, action.since) : state),
  'decline-writing': (state, action) =>
    action.kind === 'decline-writing' ? declineWriting(state, action.since) : state,
  'stop-announcing': announced,
  scan: unchanged,
  import: unchanged,
  'archive-tree': unchanged,
  'finish-rejoin': unchanged,
  absorb: unchanged,
  announce: unchanged,
  'drop-versions': unchanged,
  'take-back': unchanged,
  recheck: unchanged,
  'scan-shared': unchanged,
};

function nextState(state: DiskState, action: LocalAction): DiskState {
  return TRANSITIONS[action.kind](state, action);
}

function isToBeCleared({ order, state }: LocalView): boolean {
  if (state.phase.kind === 'rejoining' || order?.removal !== undefined) return true;
  return order?.rejoin !== undefined && (state.rejoined?.epoch ?? 0) < order.rejoin.epoch;
}

/** A copy begins with its state.json; one that is to go gets none. */
function stateOf(node: ModelNode, driver: Driver): DiskState | undefined {
  const { disk } = node;
  if (disk.state !== undefined || driver.order?.spec.removal !== undefined) return disk.state;
  disk.state = newDiskState({ volume: VOLUME, folderId: FOLDER, storeId: disk.storeId });
  return disk.state;
}

export function look(world: World, node: ModelNode): void {
  const { driver } = node;
  if (driver?.order === undefined || !node.isOn) return;
  const state = stateOf(node, driver);
  const replica = driver.order;
  if (state === undefined) {
    const status = {
      storeId: node.disk.storeId,
      epoch: 0,
      generation: 0,
      ...driver.record.applied,
      highestEpoch: 0,
      mounts: [],
      removed: driver.record.removed,
      observedAt: timestamp(world),
    };
    driver.report = { replica, status };
    return;
  }
  const isSeen = node.daemon.isOn;
  const folder = isSeen
    ? folderReport(world, node, observedPeers(replica, driver.record.applied))
    : undefined;
  const view = settle(world, node, { driver, isSeen, ...(folder !== undefined && { folder }) });
  driver.record.phase = phaseSince(view, driver.record, replica);
  driver.report = isSeen
    ? { replica, status: replicaStatus({ view, record: driver.record, replica }) }
    : undefined;
}

interface Seen {
  readonly driver: Driver;
  readonly isSeen: boolean;
  readonly folder?: FolderReport;
}

function settle(world: World, node: ModelNode, seen: Seen): LocalView {
  for (let step = 1; ; step += 1) {
    const view = localView(world, node, { ...seen, state: diskState(node) });
    if (step > MAX_STEPS) return view;
    if (mustDropStaging(view, node)) node.staging = undefined;
    else if (!moves(world, node, view, seen)) return view;
  }
}

function diskState({ disk }: ModelNode): DiskState {
  return disk.state ?? newDiskState({ volume: VOLUME, folderId: FOLDER, storeId: disk.storeId });
}

function mustDropStaging(view: LocalView, { staging }: ModelNode): boolean {
  return isToBeCleared(view) && view.podMounts.length === 0 && staging !== undefined;
}

/** Whether state.json changed; where it did not, what runs in the background is begun. */
function moves(world: World, node: ModelNode, view: LocalView, { isSeen }: Seen): boolean {
  const actions = planLocal(view).filter(({ kind }) => kind !== 'archive-tree' || isSeen);
  for (const { kind } of actions) count(world.counts, `local: ${kind}`);
  const next = actions.reduce(nextState, view.state);
  node.disk.state = next;
  if (next !== view.state) {
    noteChange(world, node, view.state, next);
    return true;
  }
  countPhase(world, view);
  for (const action of actions) beginJob(world, node, action);
  return false;
}

function noteChange(world: World, node: ModelNode, before: DiskState, next: DiskState): void {
  if (next.phase.kind === 'rejoining' && next.phase !== before.phase) noteRejoin(world, node.disk);
  if (next.writing?.phase === 'ended' && before.writing?.phase === 'writing')
    noteSharedEnd(world, node, next.writing);
  if (next.phase.kind === 'released' && before.phase.kind === 'writer') checkRelease(world, node, next.phase);
}

/** What a session ends with is what its last pod left. */
function checkRelease({ ledger }: World, { name, disk, left }: ModelNode, session: Session): void {
  noteRelease(ledger, session, disk.tree);
  if (left?.epoch !== session.epoch || ledger.isAmbiguous) return;
  const found = contentsOf(disk.tree);
  const lost = [...left.expected].filter(([file, content]) => found.get(file) !== content);
  if (lost.length > 0) throw violation('what a pod left is handed off', `${name}: ${lost.join('; ')}`);
}

function countPhase(world: World, view: LocalView): void {
  const phase = writerPhase(view) ?? view.state.phase.kind;
  count(world.counts, `phase: ${phase}`);
}

/** A claim is written after a syncfs of what it rests on (handoff rule 20). */
export function writeLook(world: World, node: ModelNode): void {
  const { driver } = node;
  const report = driver?.report;
  if (driver === undefined || report === undefined) return;
  driver.report = undefined;
  if (!reaches(world, node)) return;
  const { replica, status } = report;
  const { status: written } = lastReport(driver.record.written, replica, world.now);
  if (written !== undefined && saysTheSame(written, status)) return;
  if (claimsMore(written, status)) syncDisk(node.disk);
  if (writeReport(world, replica, status))
    driver.record.written = { uid: replica.uid, at: world.now, status };
}
