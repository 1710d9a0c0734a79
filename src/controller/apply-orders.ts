/** Carrying out what planOrders said; every write names the very version that the plan was made from. */
import { replicaName } from '../desired/replica-name.ts';
import type { SyncthingReplica, SyncthingReplicaSpec } from '../desired/replica.ts';
import { isKubernetesError } from '../kubernetes/errors.ts';
import { labelsOf } from '../kubernetes/labels.ts';
import { SYNCTHING_REPLICAS } from '../kubernetes/resource-kind.ts';
import { buryCopy } from './bury-copy.ts';
import type { ControllerContext } from './context.ts';
import type { OrderAction } from './plan-volume.ts';

async function createReplica(
  ctx: ControllerContext,
  spec: SyncthingReplicaSpec,
  signal: AbortSignal,
): Promise<void> {
  const name = replicaName(spec.volume, spec.node);
  const labels = labelsOf(ctx.driverName, { volume: spec.volume, node: spec.node });
  ctx.known.replicas.note(await ctx.client.create(SYNCTHING_REPLICAS, { name, labels, spec }, { signal }));
}

/** The version is the one that was planned from, so that a report that came since is planned on first. */
export async function dropReplica(
  ctx: ControllerContext,
  replica: SyncthingReplica,
  signal: AbortSignal,
): Promise<void> {
  try {
    await ctx.client.delete(SYNCTHING_REPLICAS, replica, { signal });
  } catch (error) {
    if (!isKubernetesError(error, 'not-found')) throw error;
  }
  ctx.known.replicas.noteGone(replica);
}

/** Rejects with `conflict` where something moved on since the plan: then plan again. */
export async function applyOrder(
  ctx: ControllerContext,
  action: OrderAction,
  signal: AbortSignal,
): Promise<void> {
  switch (action.kind) {
    case 'create':
      return createReplica(ctx, action.spec, signal);
    case 'update':
      return ctx.known.replicas.note(
        await ctx.client.replaceSpec(SYNCTHING_REPLICAS, action.replica, action.spec, { signal }),
      );
    case 'drop':
      return dropReplica(ctx, action.replica, signal);
    case 'bury': {
      const { replica, storeId, onDelete } = action;
      const { node, folderId } = replica.spec;
      await buryCopy(ctx, { node, folderId, storeId, onDelete }, signal);
      return dropReplica(ctx, replica, signal);
    }
  }
}
