/** How the holders of a base come and go: while the volume is detached, or shared (handoff rules 24, 31 and 37). */
import type { FolderReport, SyncthingReplica, SyncthingReplicaStatus } from '../desired/replica.ts';
import type { Base, Holder } from '../desired/volume.ts';
import { countsOn, isClean, isHolder, isIntact, isTakingBack, isUnderRepair } from './copy.ts';
import { divergedReplica } from './diverged.ts';
import { holderOf } from './flush.ts';
import { isProven } from './proof.ts';
import { flushHolders, isWritingReport } from './shared-flush.ts';
import { asksForScrubs, scrubLack, type ScrubLack } from './scrubbed.ts';
import { countsAsCopy, hasCurrentStore, isStoreGone, type VolumeView } from './view.ts';

function intactHolders(view: VolumeView, base: Base): readonly SyncthingReplica[] {
  return base.holders.flatMap((holder) => {
    const copy = view.replicas.get(holder.node);
    return copy !== undefined && countsAsCopy(view, copy) && isIntact(holder, copy.status) ? [copy] : [];
  });
}

/** A copy proven against an intact holder, at that holder's present sequence, holds the base as well. */
function isNewHolder(view: VolumeView, base: Base, copy: SyncthingReplica): boolean {
  if (base.holders.some((holder) => isHolder(holder, copy)) || !countsAsCopy(view, copy)) return false;
  return intactHolders(view, base).some((holder) => {
    const sequence = holder.status?.folder?.sequence;
    return sequence !== undefined && isProven(holder, sequence, copy);
  });
}

/**
 * A holder that answers and is not what was proven any more: another disk, or a database rolled back or made anew, is
 * `lost`. One that does not answer stays: its disk may be fine.
 */
function stateOf(view: VolumeView, holder: Holder): 'holds' | 'lost' | 'changed' {
  if (isStoreGone(view, holder)) return 'lost';
  const status = view.replicas.get(holder.node)?.status;
  if (status === undefined || status.storeId !== holder.storeId) return 'holds';
  if (!isSettled(status.folder) || isIntact(holder, status)) return 'holds';
  return status.removed || !countsOn(holder, status.folder) ? 'lost' : 'changed';
}

/**
 * Whether a holder with changed files may be struck for this copy's sake. It is intact with nothing to come: between a
 * revert and the fetch that follows it, nothing counts as changed, and the files are not there yet. Nor is it about to
 * be changed for a repair, or two copies that rotted would each be struck for the other.
 */
export function isWitness(holder: Holder, status: SyncthingReplicaStatus | undefined): boolean {
  return isIntact(holder, status) && isClean(status?.folder) && !isUnderRepair(status);
}

function witnesses(view: VolumeView, base: Base): readonly SyncthingReplica[] {
  return intactHolders(view, base).filter((copy) => isWitness(holderOf(copy), copy.status));
}

/** What was changed can be taken back, and the others may be off for good: such a copy goes for one that answers. */
function isStruck(view: VolumeView, base: Base, holder: Holder): boolean {
  const state = stateOf(view, holder);
  return state === 'lost' || (state === 'changed' && witnesses(view, base).length > 0);
}

/** For whose sake a holder is struck now that has nothing but changed files: to be read live before that stands. */
export function strikeWitnesses(view: VolumeView): readonly SyncthingReplica[] {
  const { base, grant } = view.volume.status;
  // Those of a shared volume do not hold the same, so that none goes for another one's sake.
  if (grant !== undefined || base.kind === 'empty' || base.kind === 'shared' || isTakingBack(base)) return [];
  const isAnyChanged = base.holders.some((holder) => stateOf(view, holder) === 'changed');
  return isAnyChanged ? witnesses(view, base) : [];
}

function isSettled(folder: FolderReport | undefined): folder is FolderReport {
  return folder?.scanned === true && folder.state === 'idle';
}

/** Where none is left, those whose disks are there: one of them alone is the truth, two are for a person to judge. */
function keptHolders(view: VolumeView, base: Base): readonly Holder[] {
  const kept = base.holders.filter((holder) => !isStruck(view, base, holder));
  if (kept.length > 0) return kept;
  const there = base.holders.filter((holder) => !isStoreGone(view, holder));
  return there.length > 0 ? there : base.holders;
}

/**
 * The last holder's disk is the truth (rule 8), also where its Syncthing lost its database and counts anew: what it
 * has announced since then is what others are to be proven against.
 */
function recounted(view: VolumeView, holders: readonly Holder[]): readonly Holder[] {
  const [last] = holders;
  const copy = last === undefined ? undefined : view.replicas.get(last.node);
  if (last === undefined || copy === undefined || holders.length > 1) return holders;
  const now = holderOf(copy);
  const isIt = now.storeId === last.storeId && countsAsCopy(view, copy) && isClean(copy.status?.folder);
  return isIt && !countsOn(last, now) ? [now] : holders;
}

/**
 * The base with the holders that the reports show now. Only while no grant is given: afterwards the writer moves on
 * and a copy proven against it would hold something else. The last holder is never struck.
 */
export function currentBase(view: VolumeView): Base {
  const { base, grant } = view.volume.status;
  if (view.volume.spec.access === 'eventual') return sharedBase(view);
  if (grant !== undefined || base.kind === 'empty' || isTakingBack(base)) return base;
  const left = recounted(view, keptHolders(view, base));
  const found = [...view.replicas.values()].filter((copy) => isNewHolder(view, base, copy)).map(holderOf);
  const others = left.filter((holder) => !found.some((copy) => copy.node === holder.node));
  const holders = [...others, ...found].sort((a, b) => (a.node < b.node ? -1 : 1));
  return { ...base, holders };
}

/**
 * The data copies that have had all once: those that hold what a writer's scan found, since a writer began with all, and
 * those that were proven against one of them. Another disk, or a database rolled back, ends that; a changed file does
 * not, since what such a copy announced before is waited for all the same. The last holder is never struck.
 */
function sharedBase(view: VolumeView): Base {
  const { base } = view.volume.status;
  const kept = base.holders.filter((holder) => stateOf(view, holder) !== 'lost');
  const left = recounted(view, kept.length > 0 ? kept : base.holders);
  const flushed = new Set(flushHolders(view).map(({ spec }) => spec.node));
  const found = [...view.replicas.values()]
    .filter(
      (copy) =>
        copy.spec.role === 'data' && !left.some((holder) => isHolder(holder, copy)) && hasAnything(copy),
    )
    .filter((copy) => flushed.has(copy.spec.node) || isNewHolder(view, base, copy))
    .map(holderOf);
  if (
    found.length === 0 &&
    left.length === base.holders.length &&
    left.every((each, i) => each === base.holders[i])
  )
    return base;
  const others = left.filter((holder) => !found.some((copy) => copy.node === holder.node));
  const holders = [...others, ...found].sort((a, b) => (a.node < b.node ? -1 : 1));
  return { kind: 'shared', epoch: 0, session: 0, holders };
}

/**
 * Each session begins with the volume's own directory. A right that was taken and never opened has not even that, and
 * began beside the first session, with nothing.
 */
export function hasAnything({ status }: SyncthingReplica): boolean {
  return (status?.folder?.sequence ?? 0) > 0;
}

/** Copies on data nodes, other than `node`, that are proven to hold the latest acknowledged state. */
function provenOthers(view: VolumeView, base: Base, node: string): readonly SyncthingReplica[] {
  const { grant, proven } = view.volume.status;
  const holders = grant === undefined ? base.holders : (proven?.holders ?? []);
  return holders.flatMap((holder) => {
    const copy = view.replicas.get(holder.node);
    const counts =
      copy !== undefined &&
      copy.spec.role === 'data' &&
      holder.node !== node &&
      countsAsCopy(view, copy) &&
      isIntact(holder, copy.status) &&
      (holder.node === grant?.node || isClean(copy.status?.folder));
    return counts ? [copy] : [];
  });
}

/**
 * Those that hold what this very copy has, as a receiver: of a shared volume the latest state is nobody's, and what a
 * session left on one data node may not have come to the next.
 */
function sharedOthers(view: VolumeView, base: Base, node: string): readonly SyncthingReplica[] {
  const copy = view.replicas.get(node);
  const folder = copy?.status?.folder;
  const isReceiver = folder?.type === 'receiveonly' && isClean(folder);
  if (copy === undefined || !isReceiver || !hasCurrentStore(view, copy)) return [];
  return [...view.replicas.values()].filter(
    (other) =>
      other.spec.role === 'data' &&
      countsAsCopy(view, other) &&
      (base.kind === 'empty' || base.holders.some((holder) => isHolder(holder, other))) &&
      isProven(copy, folder.sequence, other),
  );
}

export interface Leaving {
  readonly node: string;
  /** How many copies other nodes are to have, there already or not. */
  readonly wanted: number;
}

export type LeaveDecision =
  | { readonly kind: 'may-leave' }
  | { readonly kind: 'stays' }
  /** Enough others are proven, and their bytes were not looked at lately (rule 43). */
  | { readonly kind: 'scrub-first'; readonly lacks: readonly ScrubLack[] };

/**
 * Nobody wrote the volume, so that no copy has anything to keep. Of one that many may write that is not known by its base
 * alone: an API server that was restored from a backup has forgotten the holders, and no epoch tells (rule 37).
 */
export function isBlank(view: VolumeView, base: Base, node: string): boolean {
  const { spec, status } = view.volume;
  if (status.grant !== undefined || base.kind !== 'empty') return false;
  if (spec.access !== 'eventual') return true;
  const copy = view.replicas.get(node);
  // While its Syncthing is away, or does not have the folder yet, nobody knows what it has.
  return copy === undefined || copy.status?.folder?.sequence === 0;
}

/**
 * Whether the copy on `node` may go (rule 31): two proven copies on data nodes stay behind, or all of them where
 * fewer are wanted; of an `empty` volume any copy may go. The writer's own copy never goes, and none does while what
 * the volume knows is older than the data (rule 4).
 */
export function decideLeave(view: VolumeView, base: Base, { node, wanted }: Leaving): LeaveDecision {
  if (isHeldHere(view, node) || divergedReplica(view) !== undefined) return { kind: 'stays' };
  if (isBlank(view, base, node)) return { kind: 'may-leave' };
  const isShared = view.volume.spec.access === 'eventual';
  const others = isShared ? sharedOthers(view, base, node) : provenOthers(view, base, node);
  const enough = Math.min(2, wanted);
  if (wanted <= 0 || others.length < enough) return { kind: 'stays' };
  return needsScrubs(view, node) ? afterScrubs(view, others, enough) : { kind: 'may-leave' };
}

/** It is written there, or another copy is on its way out. */
function isHeldHere({ volume, replicas }: VolumeView, node: string): boolean {
  const { grant, leaving } = volume.status;
  if (grant?.node === node || isWritingReport(replicas.get(node)?.status)) return true;
  return leaving !== undefined && leaving.node !== node;
}

/** A client's copy comes and goes with its pods, and nobody relies on it. */
function needsScrubs(view: VolumeView, node: string): boolean {
  return view.replicas.get(node)?.spec.role === 'data' && asksForScrubs(view);
}

/**
 * What differs on the node that writes now is most likely a write that Syncthing did not see: it keeps no copy from
 * leaving, as long as another one lacks nothing.
 */
function afterScrubs(view: VolumeView, others: readonly SyncthingReplica[], enough: number): LeaveDecision {
  const writer = view.volume.status.grant?.node;
  const lacks = others.flatMap((copy) => scrubLack(view, copy) ?? []);
  const grave = lacks.filter((lack) => lack.node !== writer || lack.requestedAt !== undefined);
  const isEnough = others.length > lacks.length && others.length - grave.length >= enough;
  return isEnough ? { kind: 'may-leave' } : { kind: 'scrub-first', lacks };
}
