/** From a grant to a mount, and what a scan of it is worth: the decisions of one node (handoff rules 10, 12, 13, 19). */
import type { FolderType, SyncthingReplicaSpec } from '../desired/replica.ts';
import type { Base, Grant, SyncthingVolume } from '../desired/volume.ts';
import type { DiskState } from './disk-state.ts';

/** The node and its disk, as a grant names them. */
export interface Place {
  readonly node: string;
  readonly storeId: string;
}

function isOf(grant: Grant | undefined, { node, storeId }: Place): grant is Grant {
  return grant?.node === node && grant.storeId === storeId;
}

/** Whether the grant of `epoch` is this node's, on this disk, in the volume as the API server has it now. */
export function holdsGrant({ spec, status }: SyncthingVolume, place: Place, epoch: number): boolean {
  return spec.deletion === undefined && isOf(status.grant, place) && status.grant.epoch === epoch;
}

/** A base, as what rests on it names it. */
export interface BaseName {
  readonly epoch: number;
  readonly session: number;
}

/** Another disk than this has the base as well; else what is here is the truth (rule 8). */
export function isHeldElsewhere({ holders }: Base, own: string): boolean {
  return holders.some(({ storeId }) => storeId !== own);
}

/** Nobody writes, and this disk holds that very base: nothing of it is unproven (rule 17). */
export function isHeldBy({ spec, status }: SyncthingVolume, place: Place, base: BaseName): boolean {
  const { holders, epoch, session } = status.base;
  if (spec.deletion !== undefined || status.grant !== undefined) return false;
  if (epoch !== base.epoch || session !== base.session) return false;
  return holders.some(({ node, storeId }) => node === place.node && storeId === place.storeId);
}

/**
 * Nobody writes, and the base names this disk alone: what is on it is the volume (handoff rule 8). Or many may write, and
 * nobody has left anything yet: what is on it merges with what is elsewhere (rule 37).
 */
export function isOnlyHolder({ spec, status }: SyncthingVolume, { node, storeId }: Place): boolean {
  const { holders, kind } = status.base;
  if (spec.access === 'eventual' && kind === 'empty') return spec.deletion === undefined;
  const isFree = spec.deletion === undefined && status.grant === undefined;
  return (
    isFree && holders.length === 1 && holders.every((each) => each.node === node && each.storeId === storeId)
  );
}

export interface Mounted {
  readonly state: DiskState | undefined;
  readonly order: SyncthingReplicaSpec | undefined;
  /** Every order of this node is known: one without is one that was taken back. */
  readonly knowsOrders: boolean;
  readonly isMounted: boolean;
}

/**
 * Rule 12: in the epoch that state.json has as writer a mount that is there is enough, also with the API server away.
 * An order that speaks of another grant, or of none, says that the epoch is over.
 */
export function isStaged({ state, order, knowsOrders, isMounted }: Mounted): boolean {
  if (state?.phase.kind !== 'writer' || !isMounted) return false;
  return order === undefined ? !knowsOrders : order.grant?.epoch === state.phase.epoch;
}

export type Offer =
  | { readonly kind: 'offered'; readonly epoch: number }
  /** The copy is of a lost lineage: it goes to the archive first. */
  | { readonly kind: 'rejoin-first' }
  | { readonly kind: 'none' };

/** The epoch that the order gives to this node and disk. */
export function offeredEpoch(order: SyncthingReplicaSpec, state: DiskState): Offer {
  const rejoined = state.rejoined?.epoch ?? 0;
  if (order.rejoin !== undefined && rejoined < order.rejoin.epoch) return { kind: 'rejoin-first' };
  const isOwn = isOf(order.grant, { node: order.node, storeId: state.storeId });
  return isOwn ? { kind: 'offered', epoch: order.grant.epoch } : { kind: 'none' };
}

/** Mounts that `state.json` has no session for: what a pod writes through them would mix into the epoch (rule 13). */
export function leftoverMounts(
  { phase }: DiskState,
  epoch: number,
  podMounts: readonly string[],
): readonly string[] {
  return phase.kind === 'writer' && phase.epoch === epoch ? [] : podMounts;
}

/** One scan of the whole folder, as Syncthing answers around it. */
export interface ScanOutcome {
  readonly typeBefore: FolderType | undefined;
  readonly typeAfter: FolderType | undefined;
  readonly errors: number;
  readonly needItems: number;
  readonly receiveOnlyItems: number;
  /** What is needed are other nodes' changes, which say nothing of this one's (handoff rule 37). */
  readonly isShared?: boolean;
}

/**
 * Rule 19: a scan that began before the switch took what the pod wrote for local changes, and marked it as such; one
 * with errors or needs is not of the whole tree. Beside other writers there are needs all the time.
 */
export function scanProves({ typeBefore, typeAfter, isShared, ...counts }: ScanOutcome): boolean {
  const isWriter = typeBefore === 'sendreceive' && typeAfter === 'sendreceive';
  const isWhole = isShared === true || counts.needItems === 0;
  return isWriter && isWhole && counts.errors === 0 && counts.receiveOnlyItems === 0;
}
