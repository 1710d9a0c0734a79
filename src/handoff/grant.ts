/** Who may write next (handoff rules 1 to 5). */
import type { SyncthingNode, Wanted } from '../desired/node.ts';
import type { SyncthingReplica } from '../desired/replica.ts';
import type { Grant } from '../desired/volume.ts';
import { coverageOf } from './coverage.ts';
import { isLost } from './lost-writer.ts';
import { hasCurrentStore, isAlive, isLeaving, isStale, type VolumeView } from './view.ts';

export type GrantDecision =
  | { readonly kind: 'nobody-asks' }
  /** Live checks (rule 2) and the compare-and-swap (rule 3) come with carrying it out. */
  | { readonly kind: 'give'; readonly grant: Grant }
  | {
      readonly kind: 'wait';
      readonly waiting: readonly { readonly node: string; readonly reason: string }[];
    };

interface Request {
  readonly node: SyncthingNode;
  readonly wanted: Wanted;
}

/** Requests for this volume, the oldest first; names break ties so that every reader sees one order. */
export function requestsFor(view: VolumeView): readonly Request[] {
  const requests = [...view.nodes.values()].flatMap((node) =>
    (node.status?.wanted ?? [])
      .filter((wanted) => wanted.volume === view.volume.name && wanted.volumeId === view.volume.volumeId)
      .map((wanted) => ({ node, wanted })),
  );
  return requests.sort(
    (a, b) => Date.parse(a.wanted.since) - Date.parse(b.wanted.since) || (a.node.name < b.node.name ? -1 : 1),
  );
}

/**
 * A copy that saw a higher epoch than the volume knows, or has a session that the volume knows nothing of: the API was
 * restored from an old backup (rule 4).
 */
export function divergedReplica(view: VolumeView): SyncthingReplica | undefined {
  const epoch = view.volume.status.epoch;
  return [...view.replicas.values()].find(
    (replica) => (replica.status?.highestEpoch ?? 0) > epoch || hasForgottenSession(view, replica),
  );
}

/** A session ends by `released`, by a failover that makes its copy stale, or not at all. */
function hasForgottenSession(view: VolumeView, replica: SyncthingReplica): boolean {
  const { grant } = view.volume.status;
  const writer = replica.status?.writer;
  if (writer?.phase !== 'attached' && writer?.phase !== 'flushing') return false;
  const isKnown = grant?.node === replica.spec.node && grant.epoch === writer.epoch;
  return !isKnown && hasCurrentStore(view, replica) && !isStale(view, replica);
}

/** For people: what that copy knows and the volume does not. */
export function divergedReason(view: VolumeView, { spec, status }: SyncthingReplica): string {
  const { epoch } = view.volume.status;
  if ((status?.highestEpoch ?? 0) > epoch)
    return `${spec.node} saw epoch ${status?.highestEpoch}, above the volume's ${epoch}`;
  return `${spec.node} has a session of epoch ${status?.writer?.epoch} that the volume knows nothing of`;
}

/** What keeps the whole volume from being granted, whoever asks. */
function volumeObstacle(view: VolumeView): string | undefined {
  const { spec, status } = view.volume;
  if (spec.deletion !== undefined) return 'the volume is being deleted';
  if (spec.access !== 'exclusive') return `access "${spec.access}" has no exclusive writer`;
  if (status.grant !== undefined)
    return `node ${status.grant.node} holds the volume since ${status.grant.since}`;
  const diverged = divergedReplica(view);
  if (diverged === undefined) return undefined;
  return `${divergedReason(view, diverged)}: the cluster's state is older than the data`;
}

/** A mount that outlived its session is not to be joined by a new epoch (rule 29). */
function leftoverMount({ spec: { node }, status }: SyncthingReplica): string | undefined {
  const mounts = status?.mounts ?? [];
  if (mounts.length === 0) return undefined;
  return `StillMounted: ${mounts.join(', ')} on ${node} is left over from an older epoch`;
}

function replicaObstacle(view: VolumeView, replica: SyncthingReplica): string | undefined {
  const node = replica.spec.node;
  if (isLost(view, node)) return `${node} is lost: tainted out-of-service, or its Node object is gone`;
  if (!isAlive(view, node)) return `${node} does not answer`;
  if (!hasCurrentStore(view, replica)) return `${node} has not reported its copy yet`;
  if (isStale(view, replica)) return `${node} has a copy of a lost lineage and is archiving it first`;
  if (isLeaving(view, replica) || replica.spec.removal !== undefined)
    return `${node}'s copy is being removed`;
  return leftoverMount(replica);
}

function requestObstacle(view: VolumeView, request: Request): string | undefined {
  const replica = view.replicas.get(request.node.name);
  if (replica === undefined) return `${request.node.name} has no copy yet`;
  const obstacle = replicaObstacle(view, replica);
  if (obstacle !== undefined) return obstacle;
  const { base } = view.volume.status;
  const asked = request.wanted.base;
  if (asked === undefined || asked.epoch !== base.epoch || asked.session !== base.session) {
    return `${request.node.name} has not seen the volume's latest state yet`;
  }
  const coverage = coverageOf(view, replica);
  return coverage.kind === 'covered' ? undefined : coverage.reason;
}

/** The oldest request that is covered gets the next epoch; the others hear why they wait. */
export function decideGrant(view: VolumeView): GrantDecision {
  const requests = requestsFor(view).filter(
    (request) => request.node.name !== view.volume.status.grant?.node,
  );
  if (requests.length === 0) return { kind: 'nobody-asks' };
  const obstacle = volumeObstacle(view);
  const waiting: { node: string; reason: string }[] = [];
  for (const request of requests) {
    const reason = obstacle ?? requestObstacle(view, request);
    if (reason === undefined) return { kind: 'give', grant: nextGrant(view, request.node) };
    waiting.push({ node: request.node.name, reason });
  }
  return { kind: 'wait', waiting };
}

function nextGrant(view: VolumeView, node: SyncthingNode): Grant {
  return {
    epoch: view.volume.status.epoch + 1,
    node: node.name,
    storeId: node.status?.storeId ?? '',
    since: new Date(view.now).toISOString(),
  };
}
