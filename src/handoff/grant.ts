/** Who may write next, read beside others, or write beside others (handoff rules 1 to 5, 36 and 37). */
import type { SyncthingNode, Wanted } from '../desired/node.ts';
import type { SyncthingReplica } from '../desired/replica.ts';
import type { Grant, Reader, Writer } from '../desired/volume.ts';
import { coverageOf } from './coverage.ts';
import { divergedReason, divergedReplica } from './diverged.ts';
import { importObstacle, importRequest, isSharedImport, SHARED_IMPORT } from './importing.ts';
import { isLost } from './lost-writer.ts';
import { NOTHING_TO_READ } from './reading.ts';
import { nextReader, readsAlready } from './readers.ts';
import { namesOf } from './rights.ts';
import { hasCurrentStore, isAlive, isExpelled, isLeaving, isStale, type VolumeView } from './view.ts';
import { nextWriter, writesAlready } from './writers.ts';

export type GrantDecision =
  | { readonly kind: 'nobody-asks' }
  /** Live checks (rule 2) and the compare-and-swap (rule 3) come with carrying it out. */
  | { readonly kind: 'give'; readonly grant: Grant }
  /** In addition to those who read already. */
  | { readonly kind: 'admit'; readonly readers: readonly Reader[] }
  /** In addition to those who have it already; of `access: eventual`, where nobody excludes anybody. */
  | { readonly kind: 'share'; readonly writers: readonly Writer[]; readonly readers: readonly Reader[] }
  | {
      readonly kind: 'wait';
      readonly waiting: readonly { readonly node: string; readonly reason: string }[];
    };

interface Request {
  readonly node: SyncthingNode;
  readonly wanted: Wanted;
}

/** Requests for this volume, that of an import and then the oldest first; names break ties so that every reader sees one order. */
export function requestsFor(view: VolumeView): readonly Request[] {
  const believed = [...view.nodes.values()].filter((node) => !isExpelled(view, node.name));
  const requests = believed.flatMap((node) =>
    (node.status?.wanted ?? [])
      .filter((wanted) => wanted.volume === view.volume.name && wanted.volumeId === view.volume.volumeId)
      .map((wanted) => ({ node, wanted })),
  );
  const imports = importRequest(view);
  if (imports !== undefined) requests.push(imports);
  return requests.sort(
    (a, b) => Date.parse(a.wanted.since) - Date.parse(b.wanted.since) || (a.node.name < b.node.name ? -1 : 1),
  );
}

/**
 * Readers wait for the writer and a writer for the readers, also for those that come while it waits: else a pod that
 * is to write would keep those from their volume that take the place of readers.
 */
function useObstacle({ volume: { status } }: VolumeView, { wanted }: Request): string | undefined {
  const { grant, readers, base } = status;
  if (grant !== undefined) return `node ${grant.node} holds the volume since ${grant.since}`;
  if (wanted.reads !== true)
    return readers.length === 0
      ? undefined
      : `the volume is read on ${namesOf(readers)}, and nobody writes it meanwhile`;
  return base.kind === 'empty' ? NOTHING_TO_READ : undefined;
}

/** What keeps the whole volume from being given to whoever asks. */
function volumeObstacle(view: VolumeView, request: Request): string | undefined {
  const { spec } = view.volume;
  if (spec.deletion !== undefined) return 'the volume is being deleted';
  if (spec.access === 'eventual') return isSharedImport(view) ? SHARED_IMPORT : undefined;
  const inUse = useObstacle(view, request);
  if (inUse !== undefined) return inUse;
  const importing = importObstacle(view, request.node.name);
  if (importing !== undefined) return importing;
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
  if (isLost(view, node))
    return `${node} is lost: tainted out-of-service, expelled, or its Node object is gone`;
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

/** What it asks for it has: the writer's own request is answered by the epoch that it is in. */
function isServed(view: VolumeView, { node, wanted }: Request): boolean {
  if (wanted.reads === true) return readsAlready(view, node);
  return node.name === view.volume.status.grant?.node || writesAlready(view, node);
}

/**
 * The oldest request that is covered gets what it asks for: the next epoch, or, with all other readers that are covered
 * by now, the right to read. The others hear why they wait.
 */
export function decideGrant(view: VolumeView): GrantDecision {
  const requests = requestsFor(view).filter((request) => !isServed(view, request));
  if (requests.length === 0) return { kind: 'nobody-asks' };
  const waiting: { node: string; reason: string }[] = [];
  const covered: Request[] = [];
  for (const request of requests) {
    const reason = volumeObstacle(view, request) ?? requestObstacle(view, request);
    if (reason === undefined) covered.push(request);
    else waiting.push({ node: request.node.name, reason });
  }
  const [first] = covered;
  if (first === undefined) return { kind: 'wait', waiting };
  if (view.volume.spec.access === 'eventual') return shared(view, covered);
  if (first.wanted.reads !== true) return { kind: 'give', grant: nextGrant(view, first.node) };
  const readers = covered.filter(({ wanted }) => wanted.reads === true);
  return { kind: 'admit', readers: readers.map(({ node }) => nextReader(view, node)) };
}

/** All who are covered, each for what it asks. */
function shared(view: VolumeView, covered: readonly Request[]): GrantDecision {
  const readers = covered.filter(({ wanted }) => wanted.reads === true);
  const writers = covered.filter((request) => !readers.includes(request));
  return {
    kind: 'share',
    writers: writers.map(({ node }) => nextWriter(view, node)),
    readers: readers.map(({ node }) => nextReader(view, node)),
  };
}

function nextGrant(view: VolumeView, node: SyncthingNode): Grant {
  return {
    epoch: view.volume.status.epoch + 1,
    node: node.name,
    storeId: node.status?.storeId ?? '',
    since: new Date(view.now).toISOString(),
  };
}
