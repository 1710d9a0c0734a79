/** Which type the folder of one copy has, from state.json and the controller's order (handoff rules 11, 15 and 24). */
import type { FolderType, SyncthingReplicaSpec } from '../desired/replica.ts';
import type { DiskState } from './disk-state.ts';
import type { LocalView } from './local.ts';
import { isShared, mayAnnounceShared, sharedTypeOf } from './writing.ts';

/** A holder may speak for the volume only while nobody writes it, and not of a lineage that was lost. */
export function mayAnnounce(state: DiskState, order: SyncthingReplicaSpec): boolean {
  if (isShared(order)) return mayAnnounceShared(state, order);
  const isHolder = order.base.holders.some(
    ({ node, storeId }) => node === order.node && storeId === state.storeId,
  );
  const isBusy = order.grant !== undefined || order.rejoin !== undefined || order.removal !== undefined;
  return isHolder && !isBusy && state.phase.kind !== 'rejoining' && state.phase.kind !== 'writer';
}

/**
 * Writer type belongs to the copy whose state.json says writer in the very epoch that the controller granted, and for a
 * moment to a holder that announces its directories, or what it takes back after a failover (rule 28).
 */
export function folderTypeOf(state: DiskState, order: SyncthingReplicaSpec): FolderType {
  if (isShared(order)) return sharedTypeOf(state, order);
  if (state.announcing === true && mayAnnounce(state, order)) return 'sendreceive';
  return writesAlone(state, order) ? 'sendreceive' : 'receiveonly';
}

/** By its grant: what any other copy has otherwise is not to come in under its pods (rule 15). */
export function writesAlone({ phase }: DiskState, order: SyncthingReplicaSpec): boolean {
  const { grant, node, type } = order;
  const isWriters = phase.kind === 'writer' || phase.kind === 'taking';
  const isGranted = isWriters && grant?.node === node && grant.epoch === phase.epoch;
  return !isShared(order) && isGranted && type === 'sendreceive';
}

type Ending = Pick<LocalView, 'node' | 'state' | 'order' | 'folder'>;

/** By state.json; the grant stands until the controller hears of it. */
export function hasEnded({ node, state: { phase }, order }: Ending): boolean {
  const isOver = phase.kind === 'released' || phase.kind === 'untouched';
  return isOver && order?.grant?.node === node && order.grant.epoch === phase.epoch;
}

/**
 * Its session under this grant is over, and its folder may still announce. As long as that is so nobody else is to write:
 * a daemon that begins anew without its database announces all that is on its disk, over what was changed or deleted
 * since (handoff rule 22).
 */
export function isStillSending(view: Ending): boolean {
  return hasEnded(view) && view.folder?.type === 'sendreceive';
}
