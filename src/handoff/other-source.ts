/** From whom else a volume can be had, as one copy's Syncthing sees its peers (handoff rules 8, 30 and 42). */
import type { FolderReport, PeerReport, SyncthingReplicaSpec } from '../desired/replica.ts';

type Order = Pick<SyncthingReplicaSpec, 'node' | 'base' | 'grant'>;

function connectedOthers(order: Order, folder: FolderReport | undefined): readonly PeerReport[] {
  return (folder?.peers ?? []).filter((peer) => peer.connected && peer.node !== order.node);
}

/** Another holder of the lineage is connected, and its index known at least as far as it was when it was proven. */
export function knowsHolder(order: Order, folder: FolderReport | undefined): boolean {
  return connectedOthers(order, folder).some((peer) => {
    const holder = order.base.holders.find((other) => other.node === peer.node);
    return holder !== undefined && peer.knownSequence >= holder.sequence;
  });
}

/**
 * Whether the lineage can be read from somebody else: a holder of the base whose index is known as far as it was
 * proven, or the node that writes now. Without one nothing here is thrown away (handoff rule 8).
 */
export function hasOtherSource(order: Order, folder: FolderReport | undefined): boolean {
  const writer = connectedOthers(order, folder).find((peer) => peer.node === order.grant?.node);
  return knowsHolder(order, folder) || (writer !== undefined && writer.knownSequence > 0);
}
