/** The live look at the pods before anybody is given a volume, or a copy of it (handoff rules 2, 36 and 37). */
import type { Right, SyncthingVolume } from '../desired/volume.ts';
import { importerOf } from '../handoff/importing.ts';
import { publishedNodes } from '../handoff/published.ts';
import { isReader } from '../handoff/readers.ts';
import type { VolumeView } from '../handoff/view.ts';
import { isWriter } from '../handoff/writers.ts';
import type { ControllerContext } from './context.ts';
import type { OrderAction, Proposal } from './plan-volume.ts';
import { podObstacle } from './pods.ts';

export interface ProposalCheck {
  readonly volume: SyncthingVolume;
  readonly proposal: Proposal;
  readonly signal: AbortSignal;
}

export type ConfirmedProposal =
  /** Without those for whom no pod asks. */
  | { readonly kind: 'confirmed'; readonly proposal: Proposal }
  | { readonly kind: 'obstacle'; readonly obstacle: string };

/** Whether a pod of each node uses the claim; one node without a pod does not keep the others waiting. */
export async function confirmPods(
  { client, driverName }: Pick<ControllerContext, 'client' | 'driverName'>,
  { volume, proposal, signal }: ProposalCheck,
): Promise<ConfirmedProposal> {
  const check = (node: string): Promise<string | undefined> =>
    podObstacle({ client, driverName, volume, node, signal });
  if (proposal.kind === 'give') {
    // An import is a session without a pod: a person's word stands for it in the volume's spec.
    if (importerOf({ volume }) === proposal.grant.node) return { kind: 'confirmed', proposal };
    const obstacle = await check(proposal.grant.node);
    return obstacle === undefined ? { kind: 'confirmed', proposal } : { kind: 'obstacle', obstacle };
  }
  const asking = proposal.kind === 'share' ? [...proposal.writers, ...proposal.readers] : proposal.readers;
  const nodes = [...new Set(asking.map(({ node }) => node))];
  const checked = await Promise.all(nodes.map(async (node) => ({ node, obstacle: await check(node) })));
  const found = checked.filter(({ obstacle }) => obstacle === undefined).map(({ node }) => node);
  if (found.length > 0) return { kind: 'confirmed', proposal: only(proposal, found) };
  return { kind: 'obstacle', obstacle: checked.map(({ obstacle }) => obstacle).join('; ') };
}

function only(proposal: Exclude<Proposal, { kind: 'give' }>, nodes: readonly string[]): Proposal {
  const has = ({ node }: Right): boolean => nodes.includes(node);
  const readers = proposal.readers.filter(has);
  if (proposal.kind === 'admit') return { kind: 'admit', readers };
  return { kind: 'share', writers: proposal.writers.filter(has), readers };
}

export interface PlannedOrders {
  readonly view: VolumeView;
  readonly actions: readonly OrderAction[];
  readonly signal: AbortSignal;
}

/** May have a copy without a pod: it was given the volume already, Kubernetes attached it, or a person has it import. */
function isKnownUser(view: VolumeView, node: string): boolean {
  const isAttached = publishedNodes(view).includes(node);
  const hasRight = isReader(view, node) || isWriter(view, node);
  const hasIt = view.volume.status.grant?.node === node || hasRight;
  return hasIt || isAttached || importerOf(view) === node;
}

/**
 * Without the new copies for nodes that ask for the volume and have no pod that uses it. A node's own word is not
 * enough: who has stolen its token would get the files of any volume by it (docs/security.md).
 */
export async function invited(
  { client, driverName, log }: Pick<ControllerContext, 'client' | 'driverName' | 'log'>,
  { view, actions, signal }: PlannedOrders,
): Promise<readonly OrderAction[]> {
  const { volume } = view;
  const checked = await Promise.all(
    actions.map(async (action) => {
      if (action.kind !== 'create' || action.spec.role === 'data') return [action];
      const { node } = action.spec;
      if (isKnownUser(view, node)) return [action];
      const obstacle = await podObstacle({ client, driverName, volume, node, signal });
      if (obstacle === undefined) return [action];
      log.info({ volume: volume.name, node, obstacle }, 'a node that asks for the volume gets no copy');
      return [];
    }),
  );
  return checked.flat();
}
