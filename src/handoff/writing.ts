/** Writing beside others, as one node decides it: from the controller's word to `ended` on the disk (rule 37). */
import type { FolderType, SyncthingReplicaSpec, WriterReport } from '../desired/replica.ts';
import type { SyncthingVolume, Writer } from '../desired/volume.ts';
import { announced, type DiskState, type DiskWriting } from './disk-state.ts';
import type { Mounted, Place } from './session.ts';

type Order = SyncthingReplicaSpec | undefined;

export function isShared(order: Pick<SyncthingReplicaSpec, 'access'> | undefined): boolean {
  return order?.access === 'eventual';
}

/** A session of this copy is not ended: its folder has writer type, whatever the controller says or cannot say. */
export function isWriting(state: Pick<DiskState, 'writing'> | undefined): boolean {
  return state?.writing?.phase === 'writing';
}

/** The right to write that the order gives to this node and disk. */
export function offeredWriting(order: Order, { storeId }: Pick<DiskState, 'storeId'>): Writer | undefined {
  const writer = order?.writer;
  return writer?.node === order?.node && writer?.storeId === storeId ? writer : undefined;
}

function isLater(since: string, than: DiskWriting): boolean {
  return Date.parse(since) > Date.parse(than.since);
}

export type TakeWriting =
  | { readonly kind: 'taken'; readonly state: DiskState }
  | { readonly kind: 'refused'; readonly reason: string };

/**
 * A session under the right to write of `since`: the first of a new right, or the next of the one that this copy has. A
 * right that it ended is never taken again: it says what the copy was compared with, which others have changed since.
 */
export function takeWriting(state: DiskState, since: string): TakeWriting {
  const { writing } = state;
  const session = (writing?.session ?? 0) + 1;
  const isNew = writing === undefined || (writing.phase === 'ended' && isLater(since, writing));
  if (isNew || (writing.phase === 'writing' && writing.since === since))
    return { kind: 'taken', state: { ...announced(state), writing: { since, session, phase: 'writing' } } };
  const reason =
    writing.phase === 'writing'
      ? `the session under the right given at ${writing.since} has not ended on this node`
      : `the right to write given at ${since} has ended on this node`;
  return { kind: 'refused', reason };
}

/** Gives back a right that no session was begun under; of the sessions before it all stays known. */
export function declineWriting(state: DiskState, since: string): DiskState {
  const { writing } = state;
  if (writing !== undefined && (writing.phase === 'writing' || !isLater(since, writing))) return state;
  return { ...state, writing: { session: 0, ...writing, since, phase: 'ended' } };
}

/**
 * Handoff rule 37: a copy that has a session sends and receives until that has ended, also while the controller has
 * dropped it from the writers, or what its pods wrote would count as changed behind Syncthing's back.
 */
export function sharedTypeOf(state: DiskState, order: SyncthingReplicaSpec): FolderType {
  const mayAnnounce = state.announcing === true && mayAnnounceShared(state, order);
  return isWriting(state) || mayAnnounce ? 'sendreceive' : 'receiveonly';
}

/** Any copy of a shared volume that has something to say which no other copy can: there is no lineage to mix up. */
export function mayAnnounceShared(state: DiskState, order: SyncthingReplicaSpec): boolean {
  return isShared(order) && order.removal === undefined && !isWriting(state);
}

/** Whether the right of `since` is this node's, on this disk, in the volume as the API server has it now. */
export function holdsWriting({ spec, status }: SyncthingVolume, place: Place, since: string): boolean {
  if (spec.deletion !== undefined) return false;
  return status.writers.some(
    (writer) => writer.node === place.node && writer.storeId === place.storeId && writer.since === since,
  );
}

/**
 * Mounted already, in a session that has not ended: enough, whatever the controller knows of it (as rule 12), unless
 * the copy is to go.
 */
export function isWriteStaged({ state, order, isMounted }: Mounted): boolean {
  return isMounted && isWriting(state) && order?.removal === undefined;
}

export interface WriteUse {
  readonly state: DiskState;
  readonly order: Order;
  /** A pod has it mounted, is on its way, or a call asks for it. */
  readonly isUsed: boolean;
}

/** The right to write that was given to a pod that did not come. */
export function unusedWriting({ state, order, isUsed }: WriteUse): string | undefined {
  if (isUsed || isWriting(state)) return undefined;
  const offered = offeredWriting(order, state)?.since;
  const isKnown = state.writing !== undefined && offered !== undefined && !isLater(offered, state.writing);
  return isKnown ? undefined : offered;
}

/** Of the last right that the copy had; undefined where it never had one. */
export function sharedPhase({ writing }: DiskState, isUsed: boolean): WriterReport['phase'] | undefined {
  if (writing === undefined) return undefined;
  if (writing.phase === 'writing') return isUsed ? 'attached' : 'flushing';
  return writing.scan === undefined ? 'untouched' : 'released';
}
