/** The live look before a holder is struck for changed files, which another copy may be about to have (handoff rule 24). */
import { holderOf } from '../handoff/flush.ts';
import { isWitness } from '../handoff/holders.ts';
import { KubernetesError } from '../kubernetes/errors.ts';
import { SYNCTHING_REPLICAS } from '../kubernetes/resource-kind.ts';
import type { ControllerContext } from './context.ts';
import type { StatusPlan } from './plan-volume.ts';

/**
 * Rejects with `conflict` where a copy is not any more what its known report says. A node reports that it is about to
 * repair files before it reads whether another store holds the volume, and touches them after that.
 */
export async function confirmWitnesses(
  ctx: Pick<ControllerContext, 'client' | 'known'>,
  { witnesses }: Pick<StatusPlan, 'witnesses'>,
  signal: AbortSignal,
): Promise<void> {
  const looks = witnesses.map(async (known) => {
    const live = await ctx.client.get(SYNCTHING_REPLICAS, known.name, { signal });
    ctx.known.replicas.note(live);
    if (live.uid === known.uid && isWitness(holderOf(known), live.status)) return;
    throw new KubernetesError(
      'conflict',
      `the copy on ${known.spec.node} is not as it was reported any more`,
    );
  });
  await Promise.all(looks);
}
