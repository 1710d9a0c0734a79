/** The live look at the pods before anybody is given a volume (handoff rules 2, 36 and 37). */
import type { Right, SyncthingVolume } from '../desired/volume.ts';
import type { ControllerContext } from './context.ts';
import type { Proposal } from './plan-volume.ts';
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
