/** The live look before a failover, which makes copies stale that cannot be made whole again (handoff rules 25, 26). */
import { isAlive, type VolumeView } from '../handoff/view.ts';
import { isKubernetesError, KubernetesError } from '../kubernetes/errors.ts';
import { CLUSTER_NODES } from '../kubernetes/resource-kind.ts';
import { assertSilent } from './bury-copy.ts';
import type { ControllerContext } from './context.ts';

/** Rejects with `conflict` where the writer is not lost any more, or a copy taken for dead has spoken. */
export async function confirmLoss(
  ctx: ControllerContext,
  view: VolumeView,
  signal: AbortSignal,
): Promise<void> {
  const lost = view.volume.status.grant?.node;
  if (lost === undefined) return;
  const silent = [...view.replicas.keys()].filter((node) => node !== lost && !isAlive(view, node));
  await Promise.all([
    assertOutOfService(ctx, lost, signal),
    ...silent.map((node) => assertSilent(ctx, node, signal)),
  ]);
}

async function assertOutOfService(ctx: ControllerContext, name: string, signal: AbortSignal): Promise<void> {
  try {
    const node = await ctx.client.get(CLUSTER_NODES, name, { signal });
    if (node.outOfService) return;
  } catch (error) {
    if (isKubernetesError(error, 'not-found')) return;
    throw error;
  }
  throw new KubernetesError('conflict', `node ${name} is in service again`);
}
