/** Who shares a volume's folder with whom (handoff rules 7, 15, 26 and 31). */
import { isLeaving, isStale, hasCurrentStore, type VolumeView } from '../handoff/view.ts';
import type { ReplicaPeer, ReplicaRole, SyncthingReplica } from './replica.ts';

/** A copy of the volume that is to exist: ordered already, or about to be. */
export interface Member {
  readonly node: string;
  readonly role: ReplicaRole;
  /** The node is to keep a copy; a data copy that is not placed any more serves as one until it has left. */
  readonly isPlaced: boolean;
  readonly replica?: SyncthingReplica;
}

/** The folder stands in that node's Syncthing, on the disk that it has now. */
function hasFolder(view: VolumeView, member: Member): boolean {
  const { replica } = member;
  return replica?.status?.folder !== undefined && hasCurrentStore(view, replica);
}

/** A stale copy is shared again only after it moved its own tree out of the way (rule 30). */
function isOut(view: VolumeView, member: Member): boolean {
  const { replica } = member;
  if (replica === undefined) return false;
  if (isLeaving(view, replica) || replica.spec.removal !== undefined) return true;
  if (!isStale(view, replica)) return false;
  const stale = view.volume.status.stale.find((copy) => copy.node === member.node);
  const { rejoin } = replica.status ?? {};
  return rejoin === undefined || stale === undefined || rejoin.epoch < stale.epoch;
}

/**
 * Data nodes share with everybody, clients with data nodes only. A client other than the writer waits for the writer
 * to end rather than change the writer's peers: that would restart its folder and cancel a scan.
 */
function mayShare(view: VolumeView, a: Member, b: Member): boolean {
  if (a.role === 'client' && b.role === 'client') return false;
  const writer = view.volume.status.grant?.node;
  if (writer === undefined) return true;
  return !(a.node === writer && b.role === 'client') && !(b.node === writer && a.role === 'client');
}

/** Listed before: a peer is not dropped and added again while both copies of a new volume come up. */
function isListed(member: Member, other: Member): boolean {
  return member.replica?.spec.peers.some((peer) => peer.node === other.node) === true;
}

/**
 * The peers that `member` lists. The folder comes first on the joiner and then in its peers' lists: sharing with a
 * device that had the folder before and does not have it yet leaves Syncthing 1.x with doubled counters
 * (Syncthing #9595). Two copies that are both new list each other at once.
 */
export function peersOf(
  view: VolumeView,
  member: Member,
  members: readonly Member[],
): readonly ReplicaPeer[] {
  if (isOut(view, member)) return [];
  const others = members.filter((other) => other.node !== member.node && lists(view, member, other));
  return others.flatMap((other) => {
    const deviceId = view.nodes.get(other.node)?.status?.deviceId ?? '';
    return deviceId === '' ? [] : [{ node: other.node, deviceId }];
  });
}

function lists(view: VolumeView, member: Member, other: Member): boolean {
  if (isOut(view, other) || !mayShare(view, member, other)) return false;
  return hasFolder(view, other) || !hasFolder(view, member) || isListed(member, other);
}
