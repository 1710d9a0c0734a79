/** A writer that is lost: fencing it and choosing where the volume goes on (handoff rules 25 to 27). */
import type { SyncthingReplica } from '../desired/replica.ts';
import type { Base, Grant, Holder, StaleCopy, SyncthingVolumeStatus } from '../desired/volume.ts';
import { countsOn } from './copy.ts';
import { holderOf } from './flush.ts';
import { isLost, isWritersDisk, lossOf } from './lost-writer.ts';
import { hasCurrentStore, isAlive, isStale, mayHaveDisk, rejoinsOf, type VolumeView } from './view.ts';

export type FailoverDecision =
  | { readonly kind: 'none' }
  /** The fences are not up yet everywhere: wait for these nodes to report them. */
  | { readonly kind: 'fencing'; readonly waitingFor: readonly string[] }
  /** Nothing alive covers what was acknowledged: these nodes hold it (rule 27). */
  | { readonly kind: 'blocked'; readonly bringBack: readonly string[] }
  | {
      readonly kind: 'fail-over';
      readonly epoch: number;
      readonly base: Base;
      readonly stale: readonly StaleCopy[];
      readonly provenThrough?: string;
    };

/** Who holds everything that was acknowledged: the highest proof of this grant, or the base where there is none. */
export function acknowledgedHolders({ grant, proven, base }: SyncthingVolumeStatus): readonly Holder[] {
  return proven !== undefined && proven.epoch === grant?.epoch ? proven.holders : base.holders;
}

/** Every node that has the lost writer's disk, or its name, is paused there. */
function hasPaused(view: VolumeView, on: string): boolean {
  const fenced = view.nodes.get(on)?.status?.fenced ?? [];
  const known = [...view.nodes.keys()].filter((node) => isWritersDisk(view, node));
  // A person may have removed the lost node's resource already.
  const names = known.length > 0 ? known : [view.volume.status.grant?.node ?? ''];
  return names.every((node) => fenced.includes(node));
}

/** A lost node's device is paused; a writer that is lost for this volume alone is off the copy's list (rule 26). */
function hasFenced(view: VolumeView, copy: SyncthingReplica, lost: string): boolean {
  if (lossOf(view) === 'node') return hasPaused(view, copy.spec.node);
  return [lost, ...copy.spec.peers.map((peer) => peer.node)]
    .filter((other) => isWritersDisk(view, other))
    .every((other) => !stillShares(copy, other));
}

/** The node answers, with the disk that is meant, and did not miss an earlier failover. */
function isReachable(view: VolumeView, copy: SyncthingReplica, holder: Holder): boolean {
  return (
    isAlive(view, holder.node) &&
    hasCurrentStore(view, copy) &&
    copy.status?.storeId === holder.storeId &&
    !isStale(view, copy)
  );
}

/**
 * A copy that still is the one that was proven. It may need items of the lost writer, and report errors for want of
 * them: both go with the writer's index, and nobody is granted the volume before this copy is clean.
 */
function isSource(view: VolumeView, holder: Holder): boolean {
  const changed = view.replicas.get(holder.node)?.status?.folder?.receiveOnlyItems;
  return changed === 0 && isThere(view, holder);
}

function isThere(view: VolumeView, holder: Holder): boolean {
  const copy = view.replicas.get(holder.node);
  const folder = copy?.status?.folder;
  if (copy === undefined || folder === undefined || isWritersDisk(view, holder.node)) return false;
  return folder.scanned && countsOn(holder, folder) && isReachable(view, copy, holder);
}

/** Nothing else is changed there than files that rotted, and that nobody who is left has (handoff rule 42). */
function hasOnlyRotten(view: VolumeView, { node }: Holder): boolean {
  const status = view.replicas.get(node)?.status;
  const repairing = status?.scrubbed?.running?.repairing ?? 0;
  return (status?.folder?.receiveOnlyItems ?? 0) <= repairing;
}

/** One that is as it was reported, else one whose rotten files a person has to take for what is left. */
function lastSources(view: VolumeView, holders: readonly Holder[]): readonly Holder[] {
  const left = lastResort(view, holders).filter((holder) => isThere(view, holder));
  const sound = left.filter((holder) => isSource(view, holder));
  return sound.length > 0 ? sound : left.filter((holder) => hasOnlyRotten(view, holder));
}

/**
 * Any copy, where a person said so: to accept the loss, or to give up a writer under a base that nobody holds, where
 * what arrived of its files is all there is (rules 5 and 27).
 */
function lastResort(view: VolumeView, holders: readonly Holder[]): readonly Holder[] {
  const { forceDetach } = view.volume.spec;
  if (forceDetach === undefined || forceDetach.epoch !== view.volume.status.grant?.epoch) return [];
  if (holders.length > 0 && forceDetach.acceptLoss !== true) return [];
  const copies = [...view.replicas.values()];
  return copies.filter(({ spec, status }) => spec.role === 'data' && status !== undefined).map(holderOf);
}

function knownOf(copy: SyncthingReplica | undefined, lost: string): number {
  return copy?.status?.folder?.peers.find((peer) => peer.node === lost)?.knownSequence ?? 0;
}

/** The source that knows most of the lost writer's index: it has the newest complete file versions. */
function bestSource(view: VolumeView, sources: readonly Holder[], lost: string): Holder | undefined {
  const known = ({ node }: Holder): number => knownOf(view.replicas.get(node), lost);
  return [...sources].sort((a, b) => known(b) - known(a) || (a.node < b.node ? -1 : 1))[0];
}

/**
 * Every copy that did not put up the fence before the new lineage began, the lost writer's first of all, whether or not
 * it is among the copies by now (rule 26). Each disk once.
 */
function staleCopies(view: VolumeView, grant: Grant, epoch: number): readonly StaleCopy[] {
  const { node, storeId } = grant;
  const passedBy = [...view.replicas.values()].filter(
    (copy) => !isWritersDisk(view, copy.spec.node) && !hasFenced(view, copy, node),
  );
  const others = passedBy.flatMap(({ spec, status }) =>
    status === undefined ? [] : [{ node: spec.node, storeId: status.storeId, epoch }],
  );
  const copies = [{ node, storeId, epoch }, ...others];
  const before = view.volume.status.stale.filter(
    (old) => !copies.some((copy) => copy.storeId === old.storeId),
  );
  return [...before.map((copy) => ({ ...copy, epoch })), ...copies];
}

/** What the source had when the lost writer began: its clock says nothing of what others deleted before. */
function heldBefore({ base }: SyncthingVolumeStatus, source: Holder): Pick<Base, 'heldBefore'> {
  const before = base.holders.find(({ node, storeId }) => node === source.node && storeId === source.storeId);
  return before !== undefined && countsOn(before, source) ? { heldBefore: before.sequence } : {};
}

/**
 * The source is named with its sequence at the proof: what it deleted later comes back there first, and nobody is
 * granted the volume in session 0 of the base (rule 28).
 */
function failOverTo(view: VolumeView, grant: Grant, source: Holder): FailoverDecision {
  const { proven, epoch: highest } = view.volume.status;
  const epoch = highest + 1;
  const isProven = proven !== undefined && proven.epoch === grant.epoch;
  const moment = isProven ? { provenThrough: proven.scanFinishedAt ?? proven.scanStartedAt } : {};
  return {
    kind: 'fail-over',
    epoch,
    base: {
      kind: 'failover',
      epoch,
      session: 0,
      holders: [source],
      ...moment,
      ...(isProven && heldBefore(view.volume.status, source)),
      since: new Date(view.now).toISOString(),
    },
    stale: staleCopies(view, grant, epoch),
    ...moment,
  };
}

/**
 * What to do about the volume's writer. A lost writer under a base that nobody holds may have the only copy, mounted
 * or not: that stays blocked, since `empty` lasts until a session that wrote was reported (rule 5).
 */
export function decideFailover(view: VolumeView): FailoverDecision {
  const { grant } = view.volume.status;
  if (grant === undefined || lossOf(view) === undefined) return { kind: 'none' };
  const lost = grant.node;
  const holders = acknowledgedHolders(view.volume.status);
  const proven = holders.filter((holder) => isSource(view, holder));
  const sources = proven.length > 0 ? proven : lastSources(view, holders);
  const source = bestSource(view, sources, lost);
  if (source === undefined) {
    const names = holders.map((holder) => holder.node);
    return { kind: 'blocked', bringBack: names.length > 0 ? names : [lost] };
  }
  const alive = [...view.replicas.values()].filter(
    ({ spec }) => !isWritersDisk(view, spec.node) && isAlive(view, spec.node),
  );
  const unfenced = alive.filter((copy) => !hasFenced(view, copy, lost)).map((copy) => copy.spec.node);
  return unfenced.length > 0 ? { kind: 'fencing', waitingFor: unfenced } : failOverTo(view, grant, source);
}

/**
 * Whether `node` has to be fenced on the node `on`: everywhere while it is lost and holds the grant; after the failover
 * wherever a copy has not taken it out of its peers yet. A node that is off keeps the order, since it may come back
 * together with the lost one, and would take in what that one wrote before it learns better (rule 26). A fence is of a
 * device, which is on the disk: whoever has that disk by now is fenced as well.
 */
export function needsFence(view: VolumeView, node: string, on: string): boolean {
  const { grant, stale } = view.volume.status;
  if (view.volume.spec.deletion !== undefined || node === on) return false;
  if (grant !== undefined && isWritersDisk(view, node)) return isLost(view, grant.node);
  // Where its own tree is in the archive, what it may send from now on is of the lineage that it rejoins.
  if (!stale.some((copy) => mayHaveDisk(view, node, copy) && rejoinsOf(view, copy).length === 0))
    return false;
  const copy = view.replicas.get(on);
  return copy !== undefined && stillShares(copy, node);
}

function stillShares(copy: SyncthingReplica, node: string): boolean {
  const ordered = copy.spec.peers.some((peer) => peer.node === node);
  const applied = copy.status !== undefined && copy.status.generation >= copy.generation;
  return ordered || !applied;
}
