/** The live look before a failover, which makes copies stale that cannot be made whole again (handoff rules 25, 26). */
import { lossOf, type Loss } from '../handoff/lost-writer.ts';
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
    confirmWriter(ctx, { lost, loss: lossOf(view) }, signal),
    ...silent.map((node) => assertSilent(ctx, node, signal)),
  ]);
}

interface LostWriter {
  readonly lost: string;
  readonly loss: Loss | undefined;
}

/** A person's word stands in the volume itself, whose compare-and-swap follows. */
async function confirmWriter(
  ctx: ControllerContext,
  { lost, loss }: LostWriter,
  signal: AbortSignal,
): Promise<void> {
  if (loss === 'node') await assertOutOfService(ctx, lost, signal);
  if (loss === 'silent') await assertSilent(ctx, lost, signal);
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
