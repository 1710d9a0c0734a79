import { join } from 'node:path';
import type { DeleterReport, NodeView, PassFailure, ReplicaOrder } from '../desired/node-view.ts';
import type { Tombstone } from '../desired/node.ts';
import { replicaName } from '../desired/replica-name.ts';
import { parseVolumeId } from '../desired/volume-id.ts';
import { storePaths, volumePaths } from '../desired/volume-paths.ts';
import { isWriting } from '../handoff/writing.ts';
import { stampOf, trashedAt, trashName } from './trash-name.ts';

export interface ObservedStore {
  /** Folders of the local Syncthing; absent when it gives no answer: then only old trash goes. */
  readonly folderIds?: readonly string[];
  /** Those of them that are paused. */
  readonly pausedIds?: readonly string[];
  /** Names under `volumes/` and `trash/`; of `volumes/` only directories. */
  readonly volumes: readonly string[];
  readonly trash: readonly string[];
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export type DeleterAction =
  /** Out of Syncthing first, then the whole directory moves; each half only where there is something to do. */
  | {
      readonly kind: 'discard';
      /** The replica, or for a tombstone the folder, under which a failure is reported. */
      readonly item: string;
      readonly folderId: string;
      readonly takeOut: boolean;
      readonly move?: { readonly from: string; readonly to: string };
    }
  /** A folder that nothing names stops being synced; its bytes stay, and so does its index (handoff rule 32). */
  | { readonly kind: 'park'; readonly item: string; readonly folderId: string }
  /** One of which there is nothing on the disk. */
  | { readonly kind: 'take-out'; readonly item: string; readonly folderId: string }
  /** An entry of `trash/` whose grace time is over. */
  | { readonly kind: 'purge'; readonly item: string; readonly path: string };

/**
 * Bytes move, to the trash or to the archive, only by a confirmed order or a confirmed tombstone, with nothing mounted
 * (handoff rules 29 and 32 to 34); what failed last time comes last, and old trash after everything else.
 */
export function planDeleter(view: NodeView, observed: ObservedStore): readonly DeleterAction[] {
  const world = { view, observed };
  const discards = [...orderedRemovals(world), ...tombstoneRemovals(world)].flatMap((each) =>
    discard(world, each),
  );
  const actions = [...discards, ...orphanFolders(world)];
  const hasFailed = new Set(view.failedLast);
  return [
    ...actions.filter(({ item }) => !hasFailed.has(item)),
    ...actions.filter(({ item }) => hasFailed.has(item)),
    ...purges(world),
  ];
}

/** What stands in what was observed: facts, whoever brought them about. */
export function removalFacts(
  view: NodeView,
  observed: ObservedStore,
): Pick<DeleterReport, 'removed' | 'tombstonesDone' | 'orphans'> {
  const world = { view, observed };
  const removed = view.replicas.filter(
    ({ spec }) => spec.removal !== undefined && isGone(world, spec.folderId),
  );
  const pending = view.confirmedTombstones
    .filter((tombstone) => !isDone(world, tombstone))
    .map(({ folderId }) => folderId);
  const done = view.confirmedTombstones.map(({ folderId }) => folderId).filter((id) => !pending.includes(id));
  return {
    removed: removed.map(({ name }) => name),
    tombstonesDone: [...new Set(done)],
    orphans: orphanDirectories(world),
  };
}

/** Confirmed orders that are not carried out, with the reason. */
export function refusedRemovals(view: NodeView, observed: ObservedStore): readonly PassFailure[] {
  const world = { view, observed };
  return [...orderedRemovals(world), ...tombstoneRemovals(world)].flatMap(({ item, folderId, refusal }) =>
    refusal === undefined || isGone(world, folderId) ? [] : [{ item, reason: refusal }],
  );
}

interface World {
  readonly view: NodeView;
  readonly observed: ObservedStore;
}

interface Removal {
  readonly item: string;
  readonly folderId: string;
  readonly to: string;
  readonly refusal?: string;
}

function orderedRemovals(world: World): readonly Removal[] {
  const { view } = world;
  return view.replicas
    .filter(({ spec, removalConfirmed }) => spec.removal !== undefined && removalConfirmed)
    .map((order) => {
      const { folderId, removal } = order.spec;
      const to = destination(world, folderId, removal === 'archive');
      return { item: order.name, folderId, to, ...refusalOf(view, order) };
    });
}

function destination({ view, observed }: World, folderId: string, isKept: boolean): string {
  const { archive, trash } = storePaths(view.hostDataDir);
  return isKept
    ? join(archive, folderId, `deleted-${stampOf(observed.now)}`)
    : join(trash, trashName(folderId, observed.now));
}

/** Only of this very disk: a tombstone of another store is about bytes that are not here (handoff rule 33). */
function tombstoneRemovals(world: World): readonly Removal[] {
  const { view } = world;
  return view.confirmedTombstones
    .filter(({ folderId, storeId }) => storeId === view.storeId && !isOrdered(view, folderId))
    .map(({ folderId, onDelete }) => {
      const to = destination(world, folderId, onDelete === 'archive');
      return { item: folderId, folderId, to, ...unsafe(view, folderId) };
    });
}

function isOrdered(view: NodeView, folderId: string): boolean {
  return view.replicas.some(({ spec }) => spec.folderId === folderId);
}

function refusalOf(view: NodeView, { spec }: ReplicaOrder): Pick<Removal, 'refusal'> {
  if (spec.node !== view.node) return { refusal: `the order is for node ${spec.node}` };
  if (spec.removal === 'leave' && hasUnproven(view, spec.folderId)) {
    return { refusal: 'state.json says that this copy may have changes that no other has: it cannot leave' };
  }
  if (spec.removal === 'leave' && isOlderThanCopy(view, spec)) {
    return { refusal: 'the order is older than what this copy has seen: it cannot leave' };
  }
  return unsafe(view, spec.folderId);
}

/** A writer that has not been released, or a stale copy that is not archived: a move may not cost a write. */
function hasUnproven(view: NodeView, folderId: string): boolean {
  const state = view.states[folderId];
  if (state !== undefined && isWriting(state)) return true;
  const phase = state?.phase;
  return phase?.kind === 'writer' || (phase?.kind === 'rejoining' && phase.step === 'archiving');
}

/** As after an API server was restored from a backup, which knows nothing of what came since (handoff rule 4). */
function isOlderThanCopy({ states }: NodeView, { folderId, epoch, base }: ReplicaOrder['spec']): boolean {
  const { highestEpoch = 0, highestBase = 0 } = states[folderId] ?? {};
  return highestEpoch > epoch || highestBase > base.epoch;
}

function unsafe(view: NodeView, folderId: string): Pick<Removal, 'refusal'> {
  if (parseVolumeId(folderId) === undefined) return { refusal: `${folderId} is no volume id` };
  return view.mounted.includes(folderId) ? { refusal: 'still mounted on this node: end its pods' } : {};
}

function discard(world: World, { item, folderId, to, refusal }: Removal): readonly DeleterAction[] {
  const { observed, view } = world;
  if (refusal !== undefined || observed.folderIds === undefined || isGone(world, folderId)) return [];
  const takeOut = isConfigured(world, folderId);
  const from = volumePaths(view.hostDataDir, folderId)?.directory;
  const hasBytes = from !== undefined && observed.volumes.includes(folderId);
  return [{ kind: 'discard', item, folderId, takeOut, ...(hasBytes && { move: { from, to } }) }];
}

function isConfigured({ observed }: World, folderId: string): boolean {
  return observed.folderIds?.includes(folderId) ?? false;
}

/** Unknown while Syncthing gives no answer: then it is not gone. */
function isGone(world: World, folderId: string): boolean {
  const { folderIds, volumes } = world.observed;
  return folderIds !== undefined && !isConfigured(world, folderId) && !volumes.includes(folderId);
}

function isDone(world: World, { folderId, storeId }: Tombstone): boolean {
  return storeId !== world.view.storeId || isGone(world, folderId);
}

/** Whether the controller has something to say about a folder; of an order that cannot be read there is the name alone. */
function namedFolders(view: NodeView): (folderId: string) => boolean {
  const { replicas, confirmedTombstones, order, unreadable, node } = view;
  const tombstones = [...confirmedTombstones, ...(order?.tombstones ?? [])];
  const named = new Set([
    ...replicas.map(({ spec }) => spec.folderId),
    ...tombstones.map(({ folderId }) => folderId),
  ]);
  return (folderId) => {
    const volume = parseVolumeId(folderId)?.name;
    return named.has(folderId) || (volume !== undefined && unreadable.includes(replicaName(volume, node)));
  };
}

/** Without the controller's order for this node the view is not whole, and nothing can be told to be an orphan. */
function orphanDirectories({ view, observed }: World): readonly string[] {
  if (view.order === undefined) return [];
  const isNamed = namedFolders(view);
  return observed.volumes.filter((name) => !isNamed(name));
}

/**
 * An empty list of replicas, as after an API server was restored from a backup, pauses folders and takes no byte away:
 * each comes back with its order, and with what Syncthing knows of it. Out of Syncthing it would have no index any more,
 * as if the database had been lost (rule 16). What writes, or is mounted, or cannot be told, stays as it is.
 */
function orphanFolders({ view, observed }: World): readonly DeleterAction[] {
  if (view.order === undefined) return [];
  const isNamed = namedFolders(view);
  return (observed.folderIds ?? [])
    .filter((id) => !isNamed(id) && !view.mounted.includes(id) && isKnownIdle({ view, observed }, id))
    .flatMap((id) => letGo(observed, id));
}

function letGo({ volumes, pausedIds = [] }: ObservedStore, id: string): readonly DeleterAction[] {
  if (!volumes.includes(id)) return [{ kind: 'take-out', item: id, folderId: id }];
  return pausedIds.includes(id) ? [] : [{ kind: 'park', item: id, folderId: id }];
}

/** A directory without a readable state.json may be the writer's. */
function isKnownIdle({ view, observed }: World, folderId: string): boolean {
  const state = view.states[folderId];
  if (state === undefined) return !observed.volumes.includes(folderId);
  return state.phase.kind !== 'writer' && state.phase.kind !== 'taking' && !isWriting(state);
}

function purges({ view, observed }: World): readonly DeleterAction[] {
  const { trash } = storePaths(view.hostDataDir);
  return observed.trash
    .map((name) => ({ name, at: trashedAt(name) }))
    .filter(({ at }) => at !== undefined && at + view.trashGraceMs <= observed.now)
    .map(({ name }) => ({ kind: 'purge', item: `trash/${name}`, path: join(trash, name) }));
}
