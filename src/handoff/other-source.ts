/** From whom else a volume can be had, as one copy's Syncthing sees its peers (handoff rules 8, 30 and 42). */
import type { FolderReport, PeerReport, SyncthingReplicaSpec } from '../desired/replica.ts';
import type { Holder, SyncthingVolumeStatus } from '../desired/volume.ts';
import { acknowledgedHolders } from './failover.ts';
import type { Place } from './session.ts';

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

/**
 * Who could carry the volume on if this disk could not: the others that hold what was acknowledged, without the node
 * that writes, since that one may be lost (handoff rule 27).
 */
export function otherHolders(status: SyncthingVolumeStatus, { storeId }: Place): readonly Holder[] {
  return acknowledgedHolders(status).filter(
    (holder) => holder.storeId !== storeId && holder.node !== status.grant?.node,
  );
}

/**
 * Every copy with whom this one shares is connected, and something of its index is here: what none of them has, nobody
 * has. Where it shares with nobody there is nobody to wait for.
 */
export function seesAll(
  { peers }: Pick<SyncthingReplicaSpec, 'peers'>,
  folder: FolderReport | undefined,
): boolean {
  const seen = (folder?.peers ?? []).filter((peer) => peer.connected && peer.knownSequence > 0);
  return peers.every(({ node }) => seen.some((peer) => peer.node === node));
}
