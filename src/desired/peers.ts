/** Who shares a volume's folder with whom (handoff rules 7, 15, 26, 31 and 37). */
import { requestsFor } from '../handoff/grant.ts';
import { isShutOutByLists } from '../handoff/lost-writer.ts';
import {
  isAlive,
  isExpelled,
  isLeaving,
  hasCurrentStore,
  staleOf,
  storeOn,
  type VolumeView,
} from '../handoff/view.ts';
import { isOutOfStep } from './out-of-step.ts';
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

/**
 * The new writer's folder still is that of a receiver, or may be: what another copy announces takes the place of what
 * its pod wrote. A stale copy that resolves conflicts of its own changes gives the lineage's files newer versions.
 */
function isSwitchPending({ volume, replicas }: VolumeView): boolean {
  const { grant } = volume.status;
  if (grant === undefined) return false;
  const writer = replicas.get(grant.node)?.status?.writer;
  return writer?.epoch !== grant.epoch || !writer.switched;
}

/**
 * A stale copy is shared again only after it moved its own tree out of the way (rule 30); a writer that is lost for this
 * volume alone is shut out first (rule 26).
 */
function isOut(view: VolumeView, { node, replica }: Member): boolean {
  if (isExpelled(view, node) || isShutOutByLists(view, node)) return true;
  return replica !== undefined && isOnItsWay(view, replica);
}

/** On its way out, or back in and not yet where it may be listed. */
function isOnItsWay(view: VolumeView, replica: SyncthingReplica): boolean {
  if (isLeaving(view, replica) || replica.spec.removal !== undefined) return true;
  const stale = staleOf(view, storeOn(view, replica.spec.node));
  if (stale === undefined) return false;
  if (isSwitchPending(view)) return true;
  const { rejoin } = replica.status ?? {};
  return rejoin === undefined || rejoin.epoch < stale.epoch;
}

/**
 * Data nodes share with everybody, clients with data nodes only. A client other than the writer waits for the writer
 * to end rather than change the writer's peers: that would restart its folder and cancel a scan.
 */
function mayShare(view: VolumeView, a: Member, b: Member): boolean {
  if (a.role === 'client' && b.role === 'client') return false;
  const writer = view.volume.status.grant?.node;
  if (writer === undefined || (a.role === 'data' && b.role === 'data')) return true;
  const [client, data] = a.role === 'client' ? [a, b] : [b, a];
  return client.node === writer || (data.node !== writer && isProven(view, data));
}

/**
 * The copy has what the base is, or what the writer was proven to have. An older one may be the only one that a client
 * knows whose database was lost: it would take in what is older, and announce it in a version that wins against all.
 */
function isProven({ volume: { status } }: VolumeView, { node }: Member): boolean {
  if (status.base.kind === 'empty') return true;
  return [...status.base.holders, ...(status.proven?.holders ?? [])].some((holder) => holder.node === node);
}

/** Listed before: a peer is not dropped and added again while both copies of a new volume come up. */
function isListed(member: Member, other: Member): boolean {
  return member.replica?.spec.peers.some((peer) => peer.node === other.node) === true;
}

/** That node's Syncthing shares the folder with `other` already, not only its order says so. */
function hasListed(member: Member, other: Member): boolean {
  const { replica } = member;
  return isListed(member, other) && (replica?.status?.generation ?? 0) >= (replica?.generation ?? 0);
}

/**
 * Of two copies that do not share the folder yet, the one whose index is to be sent lists the other first. Syncthing
 * sends the index as soon as both sides have said that they share, and the side that said so last sends its own before
 * the other has heard of it: that closes the connection ("Index for nonexistent or paused folder"), and the next one
 * is made 5 s later, after a few times only 5 min later. So the one that has nothing to send lists the other last.
 */
function listsFirst(view: VolumeView, member: Member, other: Member): boolean {
  const mine = hasFolder(view, member);
  if (mine !== hasFolder(view, other)) return mine;
  const entries = (each: Member): boolean => (each.replica?.status?.folder?.sequence ?? 0) > 0;
  if (entries(member) !== entries(other)) return entries(member);
  if (member.role !== other.role) return member.role === 'data';
  return member.node < other.node;
}

/** Unshared for once by both, so that each forgets the other's index and both come anew and whole (handoff rule 16). */
function hasLostStep(view: VolumeView, { replica: one }: Member, { replica: other }: Member): boolean {
  return one !== undefined && other !== undefined && isOutOfStep(view, one, other);
}

/** What `member` last reported is of an order that listed the other: it has not unshared it yet. */
function isStillShared({ replica }: Member, other: Member): boolean {
  return replica?.status?.folder?.peers.some((peer) => peer.node === other.node) === true;
}

/** So long a node that answers and is slow to share is waited for, before it goes on with the others. */
const SLOW_PEER_MS = 5_000;

function isWaitingLong(view: VolumeView, node: string): boolean {
  return requestsFor(view).some(
    (request) => request.node.name === node && view.now - Date.parse(request.wanted.since) > SLOW_PEER_MS,
  );
}

/** Another copy that answers and has its folder is to share with this one. */
function isToShare(view: VolumeView, member: Member, other: Member): boolean {
  if (other.node === member.node || isOut(view, other) || !mayShare(view, member, other)) return false;
  return isAlive(view, other.node) && hasFolder(view, other);
}

/**
 * Milliseconds for which the new writer's folder keeps the type it has: until it lists everybody whose offer it may
 * have had. A restart for the type alone would have Syncthing forget the offers of those it does not list yet, and no
 * index would go to them before the next connection.
 */
export function typeWaitMs(
  view: VolumeView,
  member: Member,
  peers: readonly ReplicaPeer[],
  members: readonly Member[],
): number {
  const { grant } = view.volume.status;
  if (grant?.node !== member.node || isOut(view, member)) return 0;
  const isListed = (other: Member): boolean => peers.some((peer) => peer.node === other.node);
  if (!members.some((other) => isToShare(view, member, other) && !isListed(other))) return 0;
  return Math.max(0, Date.parse(grant.since) + SLOW_PEER_MS - view.now);
}

/** Milliseconds until a new writer gets its type whoever is missing; undefined where it has it. */
export function typeRecheckMs({ volume, replicas, now }: VolumeView): number | undefined {
  const { grant } = volume.status;
  if (grant === undefined || replicas.get(grant.node)?.spec.type === 'sendreceive') return undefined;
  const left = Date.parse(grant.since) + SLOW_PEER_MS - now;
  return left > 0 ? left : undefined;
}

/**
 * Everybody who lists `member` first has done so. With some of them listed and the folder restarted for it, Syncthing
 * would forget what the others have offered, and close the connection when their index comes.
 */
function isOfferedByAll(view: VolumeView, member: Member, members: readonly Member[]): boolean {
  return members
    .filter((other) => !isListed(member, other) && isToShare(view, member, other))
    .every((other) => listsFirst(view, member, other) || hasListed(other, member));
}

function isFirstMeeting(view: VolumeView, member: Member, other: Member): boolean {
  return !hasFolder(view, member) && !hasFolder(view, other);
}

/** A copy that answers needs something, be it what a node that is off has announced and nobody has. */
function isAnyLacking(view: VolumeView): boolean {
  return [...view.replicas.values()].some(
    ({ spec, status }) => isAlive(view, spec.node) && (status?.folder?.needItems ?? 0) > 0,
  );
}

/**
 * Beside other writers: what a node announced before it went off may be with nobody else, and whoever waits for a copy
 * that lacks nothing would wait for that node. So it is unshared, which forgets its index, until it answers again.
 */
function isParted(view: VolumeView, member: Member, other: Member): boolean {
  if (view.volume.spec.access !== 'eventual') return false;
  if (isAlive(view, member.node) && isAlive(view, other.node)) return false;
  return !isListed(member, other) || isAnyLacking(view);
}

function isTurnOf(view: VolumeView, member: Member, other: Member, isOffered: boolean): boolean {
  return listsFirst(view, member, other) ? hasFolder(view, other) : isOffered && hasListed(other, member);
}

/**
 * The peers that `member` lists. The folder comes first on the joiner, then in its peers' lists, then the peers in the
 * joiner's: sharing with a device that had the folder before and does not have it yet leaves Syncthing 1.x with doubled
 * counters (Syncthing #9595). Two copies of a new volume have nothing to send and list each other at once; of one
 * that was written, either may have had the folder before.
 */
export function peersOf(
  view: VolumeView,
  member: Member,
  members: readonly Member[],
): readonly ReplicaPeer[] {
  if (isOut(view, member)) return [];
  const isNew = view.volume.status.base.kind === 'empty';
  const isOffered = isOfferedByAll(view, member, members) || isWaitingLong(view, member.node);
  const others = members.filter((other) => {
    if (other.node === member.node || isOut(view, other) || !mayShare(view, member, other)) return false;
    if (isParted(view, member, other)) return false;
    if (isListed(member, other)) return !hasLostStep(view, member, other);
    if (isStillShared(member, other)) return false;
    return (isNew && isFirstMeeting(view, member, other)) || isTurnOf(view, member, other, isOffered);
  });
  return others.flatMap((other) => {
    const deviceId = view.nodes.get(other.node)?.status?.deviceId ?? '';
    return deviceId === '' ? [] : [{ node: other.node, deviceId }];
  });
}
