/** Reading beside others, as one node decides it: from the controller's word to `ended` on the disk (rule 36). */
import type { SyncthingReplicaSpec } from '../desired/replica.ts';
import type { Reader, SyncthingVolume } from '../desired/volume.ts';
import type { DiskReading, DiskState } from './disk-state.ts';
import type { Place } from './session.ts';

/** An empty directory would have to be made by somebody, and a copy that makes one has changes that no other knows. */
export const NOTHING_TO_READ =
  'nothing was ever written to the volume, so that there is nothing to read: let a pod write it first';

/** The right to read that the order gives to this node and disk. */
export function offeredReading(
  order: SyncthingReplicaSpec | undefined,
  { storeId }: Pick<DiskState, 'storeId'>,
): Reader | undefined {
  const reader = order?.reader;
  return reader?.node === order?.node && reader?.storeId === storeId ? reader : undefined;
}

function isLater(since: string, than: DiskReading): boolean {
  return Date.parse(since) > Date.parse(than.since);
}

export type TakeReading =
  | { readonly kind: 'taken'; readonly state: DiskState }
  | { readonly kind: 'refused'; readonly reason: string };

/**
 * A mount under the right to read of `since`. One that this copy ended is never taken again, since the controller may
 * have given the volume to a writer on that word; nor is one that is older than the last.
 */
export function takeReading(state: DiskState, since: string): TakeReading {
  const { phase, reading } = state;
  if (phase.kind === 'writer')
    return { kind: 'refused', reason: `the session of epoch ${phase.epoch} has not ended on this node` };
  if (phase.kind === 'rejoining')
    return { kind: 'refused', reason: `this copy is being rejoined in epoch ${phase.epoch}` };
  if (reading === undefined || isLater(since, reading))
    return { kind: 'taken', state: { ...state, reading: { since, phase: 'reading' } } };
  if (reading.since === since && reading.phase === 'reading') return { kind: 'taken', state };
  return { kind: 'refused', reason: `the right to read given at ${since} has ended on this node` };
}

/** Nothing is mounted under it any more, or ever was. */
export function endReading(state: DiskState, since: string): DiskState {
  const { reading } = state;
  const isNewer = reading === undefined || isLater(since, reading);
  if (!isNewer && (reading.since !== since || reading.phase === 'ended')) return state;
  return { ...state, reading: { since, phase: 'ended' } };
}

/** The mounts on this node are those of the right to read that the order speaks of. */
export function isReading(state: DiskState, order: SyncthingReplicaSpec | undefined): boolean {
  const offered = offeredReading(order, state);
  return offered !== undefined && state.reading?.since === offered.since && state.reading.phase === 'reading';
}

/** Whether the right of `since` is this node's, on this disk, in the volume as the API server has it now. */
export function holdsReading({ spec, status }: SyncthingVolume, place: Place, since: string): boolean {
  if (spec.deletion !== undefined || status.grant !== undefined) return false;
  return status.readers.some(
    (reader) => reader.node === place.node && reader.storeId === place.storeId && reader.since === since,
  );
}

export interface ReadMount {
  readonly state: DiskState | undefined;
  readonly order: SyncthingReplicaSpec | undefined;
  /** Every order of this node is known: one without is one that was taken back. */
  readonly knowsOrders: boolean;
  readonly isMounted: boolean;
}

/** Mounted already under the right to read that still stands: enough, also with the API server away (as rule 12). */
export function isReadStaged({ state, order, knowsOrders, isMounted }: ReadMount): boolean {
  if (state?.reading?.phase !== 'reading' || !isMounted) return false;
  return order === undefined ? !knowsOrders : isReading(state, order);
}

export interface Use {
  readonly state: DiskState;
  readonly order: SyncthingReplicaSpec | undefined;
  /** A pod has it mounted, is on its way, or a call asks for it. */
  readonly isUsed: boolean;
}

/** The right to read that nobody here uses: taken and left, or given to a pod that did not come. */
export function unusedReading({ state, order, isUsed }: Use): string | undefined {
  if (isUsed) return undefined;
  const { reading } = state;
  const offered = offeredReading(order, state)?.since;
  if (offered !== undefined && (reading === undefined || isLater(offered, reading))) return offered;
  return reading?.phase === 'reading' ? reading.since : undefined;
}
