/**
 * The live look before a failover, which makes copies stale that cannot be made whole again (handoff rules 25, 26), and
 * before somebody who had the volume beside others is dropped (rules 36 and 37).
 */
import type { SyncthingReplica } from '../desired/replica.ts';
import { grantEnd } from '../handoff/flush.ts';
import { lossOf, nodeLoss, type Loss } from '../handoff/lost-writer.ts';
import { lostReaders } from '../handoff/readers.ts';
import { isAlive, type VolumeView } from '../handoff/view.ts';
import { lostWriters } from '../handoff/writers.ts';
import { ifThere, KubernetesError } from '../kubernetes/errors.ts';
import { CLUSTER_NODES, SYNCTHING_REPLICAS } from '../kubernetes/resource-kind.ts';
import { assertSilent, isExpelledNow, type Live } from './bury-copy.ts';

/**
 * Rejects with `conflict` where the writer is not lost any more, or has ended its session in time, or where a copy taken
 * for dead has spoken.
 */
export async function confirmLoss(ctx: Live, view: VolumeView, signal: AbortSignal): Promise<void> {
  const lost = view.volume.status.grant?.node;
  if (lost === undefined) return;
  const silent = [...view.replicas.keys()].filter((node) => node !== lost && !isAlive(view, node));
  await Promise.all([
    confirmNode(ctx, { lost, loss: lossOf(view) }, signal),
    assertNotEnded(ctx, { view, lost }, signal),
    ...silent.map((node) => assertSilent(ctx, node, signal)),
  ]);
}

/** What its node said last may be on its way here still, and says that nothing was lost. */
async function assertNotEnded(
  ctx: Live,
  { view, lost }: { readonly view: VolumeView; readonly lost: string },
  signal: AbortSignal,
): Promise<void> {
  const known = view.replicas.get(lost);
  if (known === undefined) return;
  const live = await liveReplica(ctx, known.name, signal);
  if (live === undefined) return;
  const end = grantEnd({ ...view, replicas: new Map([...view.replicas, [lost, live]]) });
  if (end.kind === 'goes-on') return;
  throw new KubernetesError('conflict', `the session on ${lost} ended before it was lost`);
}

async function liveReplica(
  ctx: Live,
  name: string,
  signal: AbortSignal,
): Promise<SyncthingReplica | undefined> {
  const live = await ifThere(ctx.client.get(SYNCTHING_REPLICAS, name, { signal }));
  if (live !== undefined) ctx.known.replicas.note(live);
  return live;
}

/** Rejects with `conflict` where one of those that the plan takes for lost is not. */
export async function confirmLostRights(ctx: Live, view: VolumeView, signal: AbortSignal): Promise<void> {
  const rights = [...lostReaders(view), ...lostWriters(view)];
  const lost = rights.map((right) => ({ lost: right.node, loss: nodeLoss(view, right) }));
  await Promise.all(lost.map((each) => confirmNode(ctx, each, signal)));
}

interface LostNode {
  readonly lost: string;
  readonly loss: Loss | undefined;
}

/** A person's word stands in the volume itself, whose compare-and-swap follows. */
async function confirmNode(ctx: Live, { lost, loss }: LostNode, signal: AbortSignal): Promise<void> {
  if (loss === 'node' && !(await isExpelledNow(ctx, lost, signal)))
    await assertOutOfService(ctx, lost, signal);
  if (loss === 'silent') await assertSilent(ctx, lost, signal);
}

async function assertOutOfService(ctx: Live, name: string, signal: AbortSignal): Promise<void> {
  const node = await ifThere(ctx.client.get(CLUSTER_NODES, name, { signal }));
  if (node === undefined || node.outOfService) return;
  throw new KubernetesError('conflict', `node ${name} is in service again`);
}
