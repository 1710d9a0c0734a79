/** The live look at the pods before anybody is given a volume (handoff rules 2 and 36). */
import type { Reader, SyncthingVolume } from '../desired/volume.ts';
import type { ControllerContext } from './context.ts';
import type { Proposal } from './plan-volume.ts';
import { podObstacle } from './pods.ts';

export interface ProposalCheck {
  readonly volume: SyncthingVolume;
  readonly proposal: Proposal;
  readonly signal: AbortSignal;
}

export type ConfirmedProposal =
  /** Without the readers that no pod asks for. */
  | { readonly kind: 'confirmed'; readonly proposal: Proposal }
  | { readonly kind: 'obstacle'; readonly obstacle: string };

/** Whether a pod of each node uses the claim; one reader without a pod does not keep the others waiting. */
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
  const checked = await Promise.all(
    proposal.readers.map(async (reader) => ({ reader, obstacle: await check(reader.node) })),
  );
  const readers: readonly Reader[] = checked.flatMap(({ reader, obstacle }) =>
    obstacle === undefined ? [reader] : [],
  );
  if (readers.length > 0) return { kind: 'confirmed', proposal: { kind: 'admit', readers } };
  return { kind: 'obstacle', obstacle: checked.map(({ obstacle }) => obstacle).join('; ') };
}
