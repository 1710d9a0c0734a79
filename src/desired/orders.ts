/** The order for each copy, from the volume's status: what the controller writes into the replicas' specs. */
import { decideFlush } from '../handoff/flush.ts';
import { isAlive, type VolumeView } from '../handoff/view.ts';
import { leaveWaits } from './members.ts';
import { peersOf, typeWaitMs, type Member } from './peers.ts';
import type { FolderType, ReplicaPeer, ReplicaRemoval, SyncthingReplicaSpec } from './replica.ts';

/** Peers first, then the copy itself: its node may remove the folder once nobody that answers lists it (rule 31). */
function leaveOrder(view: VolumeView, member: Member): ReplicaRemoval | undefined {
  if (view.volume.status.leaving?.node !== member.node) return undefined;
  const others = [...view.replicas.values()].filter(
    (copy) => copy.spec.node !== member.node && isAlive(view, copy.spec.node),
  );
  const isUnshared = others.every((copy) => {
    const isApplied = copy.status !== undefined && copy.status.generation >= copy.generation;
    return isApplied && !copy.spec.peers.some((peer) => peer.node === member.node);
  });
  return isUnshared || member.replica?.spec.removal === 'leave' ? 'leave' : undefined;
}

function removalOf(view: VolumeView, member: Member): ReplicaRemoval | undefined {
  const { deletion, onDelete } = view.volume.spec;
  return deletion === undefined ? leaveOrder(view, member) : onDelete;
}

function rejoinOf(view: VolumeView, member: Member): { readonly epoch: number } | undefined {
  const storeId = view.nodes.get(member.node)?.status?.storeId;
  const stale = view.volume.status.stale.find(
    (copy) => copy.node === member.node && copy.storeId === storeId,
  );
  return stale === undefined ? undefined : { epoch: stale.epoch };
}

/** The controller's word to the writer that its scan is held by enough copies (rules 22 and 23). */
function provenOf(view: VolumeView, member: Member): SyncthingReplicaSpec['proven'] {
  const { grant, proven } = view.volume.status;
  if (grant?.node !== member.node) return undefined;
  const decision = decideFlush(view, proven);
  if (decision.kind !== 'enough') return undefined;
  const { epoch, session, sequence } = decision.proof;
  return { epoch, session, sequence };
}

/** The latest of what a person asks for and what a copy that is to leave waits for; both RFC 3339 in UTC. */
function scrubOf(
  view: VolumeView,
  member: Member,
  members: readonly Member[],
): SyncthingReplicaSpec['scrub'] {
  const lack = leaveWaits(view, members)?.lacks.find(({ node }) => node === member.node);
  const [latest] = [view.volume.wishes?.scrubAt, lack?.requestedAt]
    .flatMap((moment) => moment ?? [])
    .toSorted((one, other) => Date.parse(other) - Date.parse(one));
  return latest === undefined ? undefined : { requestedAt: latest };
}

/** What this copy is told to do beside being there; one that goes is not scrubbed any more. */
function tasksOf(
  view: VolumeView,
  member: Member,
  members: readonly Member[],
): Pick<SyncthingReplicaSpec, 'proven' | 'rejoin' | 'scrub'> {
  const proven = provenOf(view, member);
  const rejoin = rejoinOf(view, member);
  const scrub = removalOf(view, member) === undefined ? scrubOf(view, member, members) : undefined;
  return {
    ...(proven === undefined ? {} : { proven }),
    ...(rejoin === undefined ? {} : { rejoin }),
    ...(scrub === undefined ? {} : { scrub }),
  };
}

function labelOf(view: VolumeView): string {
  const { claim } = view.volume.spec;
  return claim === undefined ? view.volume.spec.requestName : `${claim.namespace}/${claim.name}`;
}

interface Sharing {
  readonly peers: readonly ReplicaPeer[];
  readonly members: readonly Member[];
}

/** The writer's type comes together with its peers; once it has it, it keeps it until its grant ends (rule 11). */
function typeOf(view: VolumeView, member: Member, { peers, members }: Sharing): FolderType {
  if (view.volume.status.grant?.node !== member.node) return 'receiveonly';
  if (member.replica?.spec.type === 'sendreceive') return 'sendreceive';
  return typeWaitMs(view, member, peers, members) > 0 ? 'receiveonly' : 'sendreceive';
}

/** The whole spec of one copy; equal to the one that stands where nothing has to change. */
export function orderOf(view: VolumeView, member: Member, members: readonly Member[]): SyncthingReplicaSpec {
  const { status, name, volumeId } = view.volume;
  const removal = removalOf(view, member);
  const peers = removal === undefined ? peersOf(view, member, members) : [];
  return {
    volume: name,
    folderId: volumeId,
    node: member.node,
    label: labelOf(view),
    role: member.role,
    epoch: Math.max(status.epoch, member.replica?.spec.epoch ?? 0),
    type: typeOf(view, member, { peers, members }),
    peers,
    base: status.base,
    ...(status.grant === undefined ? {} : { grant: status.grant }),
    ...tasksOf(view, member, members),
    ...(removal === undefined ? {} : { removal }),
  };
}
