/** The order for each copy, from the volume's status: what the controller writes into the replicas' specs. */
import { isIntact } from '../handoff/copy.ts';
import { decideFlush, type FlushDecision } from '../handoff/flush.ts';
import { importerOf } from '../handoff/importing.ts';
import { decideSharedFlush, isWritingReport } from '../handoff/shared-flush.ts';
import { countsAsCopy, isAlive, staleOf, type VolumeView } from '../handoff/view.ts';
import { isWriter } from '../handoff/writers.ts';
import { leaveWaits } from './members.ts';
import { peersOf, typeWaitMs, type Member } from './peers.ts';
import type {
  FolderType,
  ReplicaPeer,
  ReplicaRemoval,
  SyncthingReplica,
  SyncthingReplicaSpec,
} from './replica.ts';

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
  const stale = staleOf(view, view.nodes.get(member.node)?.status?.storeId);
  return stale === undefined ? undefined : { epoch: stale.epoch };
}

function flushOf(view: VolumeView, { node, replica }: Member): FlushDecision {
  const { grant, proven } = view.volume.status;
  if (view.volume.spec.access === 'eventual')
    return replica === undefined ? { kind: 'not-flushing' } : decideSharedFlush(view, replica);
  return grant?.node === node ? decideFlush(view, proven) : { kind: 'not-flushing' };
}

/** The controller's word to the writer that its scan is held by enough copies (rules 22, 23 and 37). */
function provenOf(view: VolumeView, member: Member): SyncthingReplicaSpec['proven'] {
  const decision = flushOf(view, member);
  if (decision.kind !== 'enough') return undefined;
  const { epoch, session, sequence } = decision.proof;
  return { epoch, session, sequence };
}

/** What a receiver has that the volume has not; of one that writes it is its own. */
function hasChanges(replica: SyncthingReplica | undefined): boolean {
  return (replica?.status?.folder?.receiveOnlyItems ?? 0) > 0 && !isWritingReport(replica?.status);
}

/** The node cannot see it itself: where every copy lost its database, each would take all files away. */
function mayRevert(view: VolumeView, { node, replica }: Member): boolean {
  const { base, grant } = view.volume.status;
  if (!hasChanges(replica) || grant?.node === node) return false;
  // While somebody writes, that copy is the volume, also where the base names nobody yet.
  const writer = grant === undefined ? [] : [{ node: grant.node, storeId: grant.storeId, sequence: 0 }];
  return [...base.holders, ...writer].some((holder) => {
    const copy = view.replicas.get(holder.node);
    return (
      copy !== undefined && holder.node !== node && countsAsCopy(view, copy) && isIntact(holder, copy.status)
    );
  });
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
  // The node goes by its state.json; this says what it is told (handoff rule 37).
  if (isWriter(view, member.node)) return 'sendreceive';
  if (view.volume.status.grant?.node !== member.node) return 'receiveonly';
  if (member.replica?.spec.type === 'sendreceive') return 'sendreceive';
  return typeWaitMs(view, member, peers, members) > 0 ? 'receiveonly' : 'sendreceive';
}

/** Until the volume has a base: from then on the directory is a copy like any. */
function importFrom(view: VolumeView, { node }: Member): string | undefined {
  return importerOf(view) === node ? view.volume.spec.source?.directory : undefined;
}

type Words = Pick<
  SyncthingReplicaSpec,
  'proven' | 'reader' | 'writer' | 'rejoin' | 'removal' | 'importFrom' | 'mayRevert' | 'scrub'
>;

/** What one copy alone is told, where there is something to tell; one that goes is not scrubbed any more. */
function wordsTo(view: VolumeView, member: Member, members: readonly Member[]): Words {
  const proven = provenOf(view, member);
  const rejoin = rejoinOf(view, member);
  const reader = view.volume.status.readers.find(({ node }) => node === member.node);
  const writer = view.volume.status.writers.find(({ node }) => node === member.node);
  const removal = removalOf(view, member);
  const scrub = removal === undefined ? scrubOf(view, member, members) : undefined;
  const directory = importFrom(view, member);
  return {
    ...(proven === undefined ? {} : { proven }),
    ...(reader === undefined ? {} : { reader }),
    ...(writer === undefined ? {} : { writer }),
    ...(rejoin === undefined ? {} : { rejoin }),
    ...(removal === undefined ? {} : { removal }),
    ...(directory === undefined ? {} : { importFrom: directory }),
    ...(mayRevert(view, member) ? { mayRevert: true } : {}),
    ...(scrub === undefined ? {} : { scrub }),
  };
}

/** The whole spec of one copy; equal to the one that stands where nothing has to change. */
export function orderOf(view: VolumeView, member: Member, members: readonly Member[]): SyncthingReplicaSpec {
  const { spec, status, name, volumeId } = view.volume;
  const words = wordsTo(view, member, members);
  const peers = words.removal === undefined ? peersOf(view, member, members) : [];
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
    ...(spec.access === 'eventual' ? { access: spec.access } : {}),
    ...words,
  };
}
