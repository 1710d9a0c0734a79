/** All SyncthingNodes at once, each made by its own node: they know each other's devices, and fence whom a volume wants fenced. */
import type { SyncthingNode, SyncthingNodeSpec } from '../desired/node.ts';
import { isLost } from '../handoff/lost-writer.ts';
import type { VolumeView } from '../handoff/view.ts';
import { isKubernetesError } from '../kubernetes/errors.ts';
import { SYNCTHING_NODES } from '../kubernetes/resource-kind.ts';
import type { WorkResult } from '../runtime/work-queue.ts';
import { unsyncedReason } from './caches.ts';
import type { ControllerContext } from './context.ts';
import { isEqual } from './is-equal.ts';
import { nodeOrder } from './plan-nodes.ts';
import { clusterNow, viewOf } from './volume-view.ts';

const RETRY: WorkResult = { requeueAfterMs: 10 };
const UNSYNCED_RECHECK_MS = 1000;

export async function reconcileNodes(
  ctx: ControllerContext,
  signal: AbortSignal,
): Promise<WorkResult | undefined> {
  if (unsyncedReason(ctx.known) !== undefined) return { requeueAfterMs: UNSYNCED_RECHECK_MS };
  const outcomes: readonly Outcome[] = await Promise.all(changedNodes(ctx, signal));
  return outcomes.includes('again') ? RETRY : undefined;
}

type Outcome = 'done' | 'again';

/** Views of the volumes that can want a fence; the others are many and cannot. */
function viewsThatFence(ctx: ControllerContext): readonly VolumeView[] {
  const cluster = clusterNow(ctx);
  return ctx.known.volumes.items().flatMap((volume) => {
    const { grant, stale } = volume.status;
    const concerns = stale.length > 0 || (grant !== undefined && isLost(cluster, grant.node));
    return concerns ? (viewOf(ctx, volume.name, cluster) ?? []) : [];
  });
}

function changedNodes(ctx: ControllerContext, signal: AbortSignal): readonly Promise<Outcome>[] {
  const nodes = ctx.known.nodes.items();
  const views = viewsThatFence(ctx);
  return nodes.flatMap((node) => {
    const spec = nodeOrder(node, nodes, views);
    return isEqual(spec, node.spec) ? [] : [writeOrder(ctx, node, { spec, signal })];
  });
}

interface Writing {
  readonly spec: SyncthingNodeSpec;
  readonly signal: AbortSignal;
}

/** A heartbeat that came in between is no reason to wait for the next watch event: the node is read and planned again. */
async function writeOrder(
  ctx: ControllerContext,
  node: SyncthingNode,
  { spec, signal }: Writing,
): Promise<Outcome> {
  try {
    ctx.known.nodes.note(await ctx.client.replaceSpec(SYNCTHING_NODES, node, spec, { signal }));
    return 'done';
  } catch (error) {
    if (!isKubernetesError(error, 'conflict', 'not-found')) throw error;
    if (error.kind === 'not-found') ctx.known.nodes.noteGone(node);
    else ctx.known.nodes.note(await ctx.client.get(SYNCTHING_NODES, node.name, { signal }));
    return 'again';
  }
}
