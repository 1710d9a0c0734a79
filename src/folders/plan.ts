import type { NodeView, PassFailure, ReplicaOrder, ResharerReport } from '../desired/node-view.ts';
import { volumePaths } from '../desired/volume-paths.ts';
import { folderTypeOf, writesAlone } from '../handoff/folder-type.ts';
import type { DiskState } from '../handoff/disk-state.ts';
import type { SyncthingReplicaSpec } from '../desired/replica.ts';
import { isHeldElsewhere } from '../handoff/session.ts';
import { isComingToWrite } from '../handoff/taking.ts';
import type { FolderConfig } from '../syncthing/config-schema.ts';
import { folderConfig, peersOf, sameFolder, type FolderType } from '../syncthing/folder-config.ts';

/** Of the view of a node what folders depend on. */
export type ResharerView = Pick<
  NodeView,
  'node' | 'storeId' | 'hostDataDir' | 'replicas' | 'states' | 'mounted' | 'scanned' | 'failedLast'
>;

/** The local Syncthing as far as folders go. */
export interface ObservedFolders {
  readonly ownDeviceId: string;
  readonly deviceIds: readonly string[];
  readonly folders: readonly FolderConfig[];
}

export interface ReplicaFolder {
  /** Name of the SyncthingReplica, under which failures are reported. */
  readonly replica: string;
  readonly folder: FolderConfig;
}

export type ResharerAction =
  /** New folders, whose directories are made first: one commit of Syncthing's configuration for all. */
  | { readonly kind: 'add'; readonly folders: readonly ReplicaFolder[] }
  | {
      readonly kind: 'put';
      readonly replica: string;
      readonly folder: FolderConfig;
      /**
       * A device goes, and Syncthing forgets what it keeps of the folder for that connection only where the folder is
       * paused while it is still shared (takeOutFolder says what comes of it otherwise).
       */
      readonly pausedFirst?: FolderConfig;
      /** The folder becomes that of a new epoch's writer: only while nothing counts as changed here (rule 11). */
      readonly onlyClean?: true;
    }
  /** Out of Syncthing, to come back after its tree was archived (handoff rule 30). */
  | { readonly kind: 'take-out'; readonly replica: string; readonly folderId: string };

/** What one order asks of Syncthing's configuration. */
type Wanted =
  | { readonly kind: 'folder'; readonly folder: FolderConfig }
  | { readonly kind: 'absent' }
  /** Not this helper's, or not yet: state.json comes first. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'refused'; readonly reason: string };

/** So many new folders in one commit take about a second; a pass looks at its budget between commits. */
const FOLDERS_PER_COMMIT = 100;

/**
 * Fences by peers' lists first, then switches, joins, other changes, leaves; what failed last time comes last, and
 * each on its own (handoff rule 38). A folder that no order names is the deleter's. The folder of a copy that writes
 * is never taken out (rule 16): only a copy that is being rejoined is, and `state.json` is either of the two.
 */
export function planResharer(view: ResharerView, observed: ObservedFolders): readonly ResharerAction[] {
  const steps = view.replicas
    .flatMap((order) => stepOf({ view, observed, order }))
    .map((step) => (view.failedLast.includes(step.replica) ? { ...step, rank: RANKS.failed } : step))
    .toSorted((one, other) => one.rank - other.rank);
  return bundleAdds(steps);
}

/** Every order whose folder, type and peers stand as wanted in what was observed. */
export function appliedOrders(view: ResharerView, observed: ObservedFolders): ResharerReport['applied'] {
  return view.replicas
    .filter((order) => isApplied({ view, observed, order }))
    .map(({ name, generation, spec }) => ({ replica: name, generation, epoch: spec.epoch }));
}

/** Orders that cannot be carried out as they are, with what a person can do about it. */
export function refusedOrders(view: ResharerView, observed: ObservedFolders): readonly PassFailure[] {
  return view.replicas.flatMap((order) => {
    const wanted = wantedOf({ view, observed, order });
    return wanted.kind === 'refused' ? [{ item: order.name, reason: wanted.reason }] : [];
  });
}

/** Folders that have to be scanned before a peer goes from their list. */
export function unscannedFolders(view: ResharerView, observed: ObservedFolders): readonly string[] {
  return view.replicas.flatMap((order) => {
    const it = { view, observed, order };
    const [actual, wanted] = [actualOf(it), wantedOf(it)];
    if (actual === undefined || wanted.kind !== 'folder') return [];
    return waitOf(it, actual, wanted.folder) === 'scan' ? [actual.id] : [];
  });
}

interface Case {
  readonly view: ResharerView;
  readonly observed: ObservedFolders;
  readonly order: ReplicaOrder;
}

function actualOf({ observed, order }: Case): FolderConfig | undefined {
  return observed.folders.find(({ id }) => id === order.spec.folderId);
}

function wantedOf(it: Case): Wanted {
  const { view, order } = it;
  const { spec } = order;
  const state = view.states[spec.folderId];
  if (spec.removal !== undefined || state === undefined) return { kind: 'nothing' };
  if (spec.node !== view.node) return { kind: 'refused', reason: `the order is for node ${spec.node}` };
  if (state.storeId !== view.storeId)
    return { kind: 'refused', reason: otherStore(state.storeId, view.storeId) };
  if (state.phase.kind === 'rejoining' && state.phase.step === 'archiving') {
    const isMounted = view.mounted.includes(spec.folderId) && actualOf(it) !== undefined;
    return isMounted
      ? { kind: 'refused', reason: 'a stale copy is still mounted: end its pods' }
      : { kind: 'absent' };
  }
  return wantedFolder(it);
}

function otherStore(found: string, own: string): string {
  return `state.json is of store ${found} and this disk is store ${own}: was it copied here from another disk?`;
}

function wantedFolder(it: Case): Wanted {
  const { view, observed, order } = it;
  const { folderId, label, peers } = order.spec;
  const state = view.states[folderId];
  const paths = volumePaths(view.hostDataDir, folderId);
  if (state === undefined || paths === undefined)
    return { kind: 'refused', reason: `${folderId} is no volume id` };
  const actual = actualOf(it);
  if (actual !== undefined && actual.path !== paths.sync) {
    // Syncthing would take the other directory's lack of files for deletions.
    return {
      kind: 'refused',
      reason: `Syncthing has ${folderId} at ${actual.path}, it belongs at ${paths.sync}`,
    };
  }
  const known = peers.map(({ deviceId }) => deviceId).filter((id) => observed.deviceIds.includes(id));
  const others = known.filter((id) => id !== observed.ownDeviceId);
  // A switch is looked at before it is made, and of a paused folder nothing is seen.
  const isParked = actual?.paused === true && actual.type === 'receiveonly';
  const type = isParked ? 'receiveonly' : typeOf(state, order.spec);
  const isShared = order.spec.access === 'eventual';
  const folder = folderConfig({ folderId, label, path: paths.sync, type, peers: others, isShared });
  return { kind: 'folder', folder };
}

function typeOf(state: DiskState, order: SyncthingReplicaSpec): FolderType {
  return writesAlone(state, order) ? 'sendonly' : folderTypeOf(state, order);
}

function isApplied(it: Case): boolean {
  const wanted = wantedOf(it);
  const actual = actualOf(it);
  if (wanted.kind === 'absent') return actual === undefined;
  if (wanted.kind !== 'folder' || actual === undefined) return false;
  const hasAllPeers = it.order.spec.peers.every(({ deviceId }) => it.observed.deviceIds.includes(deviceId));
  return hasAllPeers && sameFolder(actual, wanted.folder, it.observed.ownDeviceId);
}

const RANKS = { fence: 0, switch: 1, join: 2, change: 3, leave: 4, rejoin: 5, failed: 6 } as const;

type Step = { readonly rank: number; readonly replica: string } & (
  | { readonly kind: 'add'; readonly folder: FolderConfig }
  | {
      readonly kind: 'put';
      readonly folder: FolderConfig;
      readonly pausedFirst?: FolderConfig;
      readonly onlyClean?: true;
    }
  | { readonly kind: 'take-out'; readonly folderId: string }
);

function stepOf(it: Case): readonly Step[] {
  const wanted = wantedOf(it);
  const actual = actualOf(it);
  const replica = it.order.name;
  if (wanted.kind === 'absent' && actual !== undefined) {
    return [{ rank: RANKS.rejoin, replica, kind: 'take-out', folderId: actual.id }];
  }
  if (wanted.kind !== 'folder') return [];
  if (actual === undefined) return [{ rank: RANKS.join, replica, kind: 'add', folder: wanted.folder }];
  if (sameFolder(actual, wanted.folder, it.observed.ownDeviceId)) return [];
  const folder = { ...actual, ...wanted.folder };
  if (waitOf(it, actual, wanted.folder) !== undefined) return [];
  const rank = rankOf(it, actual, wanted.folder);
  return [{ rank, replica, kind: 'put', folder, ...careOf(it, actual, wanted.folder) }];
}

/** What the change waits for; a fence waits for nothing. */
function waitOf(it: Case, actual: FolderConfig, wanted: FolderConfig): 'writer' | 'scan' | undefined {
  if (rankOf(it, actual, wanted) === RANKS.fence) return undefined;
  if (isHeld(it, actual)) return 'writer';
  return isUnscanned(it, actual, wanted) ? 'scan' : undefined;
}

/** Its writer's type is to come, and its peers come and go with that, in one change (handoff rule 11). */
function isHeld({ view, order }: Case, actual: FolderConfig): boolean {
  const state = view.states[order.spec.folderId];
  if (state === undefined || actual.type !== 'receiveonly' || actual.paused === true) return false;
  return isComingToWrite(view.node, state, order.spec);
}

/**
 * A receiver that shares with nobody takes for changed what is only another inode or was touched since it came, for want
 * of an index that says the same. A scan while it still shares takes note of that (handoff rule 7).
 */
function isUnscanned(it: Case, actual: FolderConfig, wanted: FolderConfig): boolean {
  if (actual.type !== 'receiveonly' || wanted.type !== 'receiveonly' || actual.paused === true) return false;
  return peersBeside(it, actual, wanted).length > 0 && !it.view.scanned.includes(actual.id);
}

function careOf(
  it: Case,
  actual: FolderConfig,
  wanted: FolderConfig,
): Pick<Extract<ResharerAction, { kind: 'put' }>, 'pausedFirst' | 'onlyClean'> {
  const letsGo = peersBeside(it, actual, wanted).length > 0 && actual.paused !== true;
  return {
    ...(letsGo && { pausedFirst: { ...actual, paused: true } }),
    ...(mayBeUnclean(it, actual, wanted) && { onlyClean: true }),
  };
}

/** Where another store holds the base; what this one alone has is the truth, changed or not (handoff rule 8). */
function mayBeUnclean({ view, order }: Case, actual: FolderConfig, wanted: FolderConfig): boolean {
  const { base, folderId } = order.spec;
  const isSwitch = actual.type === 'receiveonly' && wanted.type !== 'receiveonly';
  return isSwitch && isHeldElsewhere(base, view.storeId) && view.states[folderId]?.phase.kind === 'taking';
}

/** Devices on the list of `one` that are not on that of `other`. */
function peersBeside({ observed }: Case, one: FolderConfig, other: FolderConfig): readonly string[] {
  const others = peersOf(other, observed.ownDeviceId);
  return peersOf(one, observed.ownDeviceId).filter((id) => !others.includes(id));
}

function rankOf(it: Case, actual: FolderConfig, wanted: FolderConfig): number {
  const { order } = it;
  const isLeaving = peersBeside(it, actual, wanted).length > 0;
  if (isLeaving && (order.spec.rejoin !== undefined || order.spec.base.kind === 'failover'))
    return RANKS.fence;
  if (actual.type !== wanted.type) return RANKS.switch;
  if (peersBeside(it, wanted, actual).length > 0) return RANKS.join;
  return isLeaving ? RANKS.leave : RANKS.change;
}

/** All new folders go where the first of them stands, in few commits; one that failed last time goes alone. */
function bundleAdds(steps: readonly Step[]): readonly ResharerAction[] {
  const bulk = steps.filter((step) => step.kind === 'add' && step.rank !== RANKS.failed);
  const [first] = bulk;
  return steps.flatMap((step): readonly ResharerAction[] => {
    const { replica } = step;
    if (step.kind !== 'add') {
      const { rank: _, ...action } = step;
      return [action];
    }
    if (step.rank === RANKS.failed) return [{ kind: 'add', folders: [{ replica, folder: step.folder }] }];
    return step === first ? commits(bulk) : [];
  });
}

function commits(bulk: readonly Step[]): readonly ResharerAction[] {
  const folders = bulk.flatMap((step) =>
    step.kind === 'add' ? [{ replica: step.replica, folder: step.folder }] : [],
  );
  const starts = folders.map((_, index) => index).filter((index) => index % FOLDERS_PER_COMMIT === 0);
  return starts.map((start) => ({ kind: 'add', folders: folders.slice(start, start + FOLDERS_PER_COMMIT) }));
}
