/** What Kubernetes' attach step is answered, and what follows from it: an early copy and nothing else (handoff rule 6). */
import type { PublishedNode, SyncthingVolume } from '../desired/volume.ts';
import { NOTHING_TO_READ } from './reading.ts';
import { namesOf } from './rights.ts';
import type { VolumeView } from './view.ts';

export interface PublishRequest {
  readonly node: string;
  /** By the access mode; else to write. */
  readonly reads: boolean;
  /** RFC 3339. */
  readonly now: string;
}

export type PublishDecision =
  /** `published`: to be written by compare-and-swap, so that the answer rests on who holds the volume now. */
  | { readonly kind: 'publish'; readonly published: readonly PublishedNode[] }
  | { readonly kind: 'already' }
  /** Another node has the volume: CSI 1.12, FAILED_PRECONDITION, and the message names it. */
  | { readonly kind: 'elsewhere'; readonly reason: string }
  /** This node has it for the other purpose: CSI 1.12, ALREADY_EXISTS. */
  | { readonly kind: 'incompatible'; readonly reason: string }
  | { readonly kind: 'nothing-to-read'; readonly reason: string };

type Obstacle = Extract<PublishDecision, { readonly reason: string }>;

function grantObstacle({ status }: SyncthingVolume, { node, reads }: PublishRequest): Obstacle | undefined {
  const { grant } = status;
  if (grant === undefined) return undefined;
  if (grant.node === node) {
    if (!reads) return undefined;
    return { kind: 'incompatible', reason: `node ${node} writes it, and is to end that before it reads` };
  }
  const end = 'it ends when no pod there uses it and what was written is proven elsewhere';
  return { kind: 'elsewhere', reason: `node ${grant.node} holds the volume since ${grant.since}; ${end}` };
}

/** Beside others that write, nobody keeps anybody waiting (rule 37). */
function readersObstacle(
  { spec, status }: SyncthingVolume,
  { node, reads }: PublishRequest,
): Obstacle | undefined {
  const { readers } = status;
  if (reads || readers.length === 0 || spec.access === 'eventual') return undefined;
  const others = readers.filter((reader) => reader.node !== node);
  if (others.length === 0)
    return { kind: 'incompatible', reason: `node ${node} reads it, and is to end that before it writes` };
  return {
    kind: 'elsewhere',
    reason: `the volume is read on ${namesOf(others)}, and nobody writes it meanwhile`,
  };
}

/** Who may have the volume is for the grant to say; here only those are sent away who would wait for another node. */
export function decidePublish(volume: SyncthingVolume, request: PublishRequest): PublishDecision {
  const obstacle = grantObstacle(volume, request) ?? readersObstacle(volume, request);
  if (obstacle !== undefined) return obstacle;
  const { base, grant, writers, published } = volume.status;
  const isWritten = grant !== undefined || writers.length > 0;
  if (request.reads && !isWritten && base.kind === 'empty')
    return { kind: 'nothing-to-read', reason: NOTHING_TO_READ };
  const { node, now: since } = request;
  if (published.some((each) => each.node === node)) return { kind: 'already' };
  return {
    kind: 'publish',
    published: [...published, { node, since }].sort((a, b) => (a.node < b.node ? -1 : 1)),
  };
}

/** Without `node` of all nodes; the same array where there is nothing to take back. */
export function withoutPublished(
  published: readonly PublishedNode[],
  node: string | undefined,
): readonly PublishedNode[] {
  const left = published.filter((each) => node !== undefined && each.node !== node);
  return left.length === published.length ? published : left;
}

/** Nodes that get a copy before they ask, and keep it as long as Kubernetes has the volume attached there. */
export function publishedNodes({
  volume,
  settings,
}: Pick<VolumeView, 'volume' | 'settings'>): readonly string[] {
  return settings.attach ? volume.status.published.map(({ node }) => node) : [];
}

/** What stands; nothing where the attach step was switched off since: nobody would take it back any more. */
export function currentPublished({
  volume,
  settings,
}: Pick<VolumeView, 'volume' | 'settings'>): readonly PublishedNode[] {
  const { published } = volume.status;
  return settings.attach ? published : withoutPublished(published, undefined);
}
