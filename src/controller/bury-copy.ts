/** A copy on a node that is off, of a volume that is deleted, is left to a tombstone (handoff rule 33). */
import { ifThere, KubernetesError } from '../kubernetes/errors.ts';
import { SYNCTHING_NODES } from '../kubernetes/resource-kind.ts';
import type { SyncthingNode, Tombstone } from '../desired/node.ts';
import { expelledAs } from '../handoff/view.ts';
import type { ControllerContext } from './context.ts';

export interface LostCopy extends Required<Tombstone> {
  readonly node: string;
}

/** What a live look takes, and notes what it finds. */
export type Live = Pick<ControllerContext, 'client' | 'known'>;

/** A person's word for its machine stands, be it under another name. */
export async function isExpelledNow(ctx: Live, name: string, signal: AbortSignal): Promise<boolean> {
  const known = expelledAs(ctx.known.nodes.items(), name);
  return known !== undefined && (await liveNode(ctx, known, signal))?.spec.expelled === true;
}

/** The node as it is now; undefined when its resource is gone. */
async function liveNode(ctx: Live, name: string, signal: AbortSignal): Promise<SyncthingNode | undefined> {
  const node = await ifThere(ctx.client.get(SYNCTHING_NODES, name, { signal }));
  if (node !== undefined) ctx.known.nodes.note(node);
  return node;
}

/** Rejects with `conflict` when the node spoke since it was taken for dead; an expelled one may say what it likes. */
export async function assertSilent(
  ctx: Live,
  name: string,
  signal: AbortSignal,
): Promise<SyncthingNode | undefined> {
  const known = ctx.known.nodes.get(name)?.status?.heartbeat;
  const live = await liveNode(ctx, name, signal);
  if (live === undefined || live.status?.heartbeat === known) return live;
  if (await isExpelledNow(ctx, name, signal)) return live;
  throw new KubernetesError('conflict', `node ${name} is alive after all`);
}

/** The tombstone stands when this returns; the order may be dropped then. */
export async function buryCopy(ctx: ControllerContext, copy: LostCopy, signal: AbortSignal): Promise<void> {
  const { node: name, ...tombstone } = copy;
  const node = await assertSilent(ctx, name, signal);
  if (node === undefined) {
    ctx.log.warn(
      copy,
      'a copy of a deleted volume is left behind: its node has no resource to write a tombstone into',
    );
    return;
  }
  const { folderId, storeId } = tombstone;
  if (node.spec.tombstones.some((each) => each.folderId === folderId && each.storeId === storeId)) return;
  const tombstones = [...node.spec.tombstones, tombstone];
  ctx.known.nodes.note(
    await ctx.client.replaceSpec(SYNCTHING_NODES, node, { ...node.spec, tombstones }, { signal }),
  );
}
