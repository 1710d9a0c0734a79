/** One volume with all its parts, as far as this process knows them. Callers see to it that the caches are synced. */
import type { ClusterNode, SyncthingNode } from '../desired/node.ts';
import type { SyncthingReplica } from '../desired/replica.ts';
import type { Cluster } from '../desired/placement.ts';
import type { VolumeView } from '../handoff/view.ts';
import type { ControllerContext } from './context.ts';

export type ViewContext = Pick<
  ControllerContext,
  'known' | 'liveness' | 'clock' | 'settings' | 'storageLabel'
>;

function byName<T extends { readonly name: string }>(items: readonly T[]): ReadonlyMap<string, T> {
  return new Map(items.map((item) => [item.name, item]));
}

/** SyncthingNodes with their heartbeats in the controller's own time. */
export function nodesNow(ctx: ViewContext): ReadonlyMap<string, SyncthingNode> {
  const { nodes } = ctx.known;
  return byName(nodes.items().map((node) => ctx.liveness.inOwnTime(node, nodes.contactAt)));
}

export function clusterNow(ctx: ViewContext): Cluster {
  return {
    nodes: nodesNow(ctx),
    clusterNodes: byName<ClusterNode>(ctx.known.clusterNodes.items()),
    storageLabel: ctx.storageLabel,
  };
}

/** Every replica that names this volume, those of an earlier volume of the same name included. */
export function replicasNaming(ctx: ViewContext, volume: string): readonly SyncthingReplica[] {
  return ctx.known.replicas.items().filter((replica) => replica.spec.volume === volume);
}

/** Undefined where there is no such volume. `cluster` may be shared between views of one moment. */
export function viewOf(ctx: ViewContext, name: string, cluster = clusterNow(ctx)): VolumeView | undefined {
  const volume = ctx.known.volumes.get(name);
  if (volume === undefined) return undefined;
  const replicas = replicasNaming(ctx, name).filter((replica) => replica.spec.folderId === volume.volumeId);
  return {
    volume,
    replicas: new Map(replicas.map((replica) => [replica.spec.node, replica])),
    nodes: cluster.nodes,
    clusterNodes: cluster.clusterNodes,
    now: ctx.clock.now(),
    watchingSince: ctx.liveness.watchingSince(),
    settings: ctx.settings,
  };
}
