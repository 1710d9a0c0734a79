/** What this node follows in the API server: its own orders, its own resource, and its labels. */
import type { ClusterNode, SyncthingNode } from '../desired/node.ts';
import type { SyncthingReplica } from '../desired/replica.ts';
import type { KubernetesClient } from '../kubernetes/client.ts';
import { createInformer, type Change, type Informer } from '../kubernetes/informer.ts';
import { labelsOf } from '../kubernetes/labels.ts';
import { CLUSTER_NODES, SYNCTHING_NODES, SYNCTHING_REPLICAS } from '../kubernetes/resource-kind.ts';
import { exponentialBackoff } from '../runtime/backoff.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Wake } from './context.ts';
import { forgetCopy, type VolumeRecord, type Volumes } from './volumes.ts';

export interface WatchOptions {
  readonly client: KubernetesClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  readonly node: string;
  readonly driverName: string;
  readonly volumes: Volumes;
  readonly wake: Wake;
}

export interface Watches {
  readonly replicas: Informer<SyncthingReplica>;
  readonly node: Informer<SyncthingNode>;
  readonly clusterNode: Informer<ClusterNode>;
  /** Follows all until the signal fires. */
  run(signal: AbortSignal): Promise<void>;
}

export function createWatches(options: WatchOptions): Watches {
  const { client, clock, log, node, driverName, wake } = options;
  const labels = labelsOf(driverName);
  const common = {
    client,
    clock,
    log,
    backoff: exponentialBackoff({ firstMs: 1_000, maxMs: 30_000, random: options.random }),
  };
  const replicas = createInformer<SyncthingReplica>({
    ...common,
    kind: SYNCTHING_REPLICAS,
    selector: { labels, fields: { 'spec.node': node } },
    onChange: (change) => takeOrder(options, change),
    onSynced: () => wake.round('change'),
  });
  const byName = { fields: { 'metadata.name': node } };
  const own = createInformer<SyncthingNode>({
    ...common,
    kind: SYNCTHING_NODES,
    selector: { ...byName, labels },
    onChange: (change) => {
      const isNews = change.kind !== 'changed' || change.before.generation !== change.object.generation;
      // Fences first: they are what makes a failover safe (handoff rule 26).
      if (isNews) wake.round('urgent');
      if (isNews && change.object.spec.tombstones.length > 0) wake.round('change');
      if (change.kind === 'removed') wake.nodeReport();
    },
  });
  const clusterNode = createInformer<ClusterNode>({
    ...common,
    kind: CLUSTER_NODES,
    selector: byName,
    onChange: (change) => {
      const isNews =
        change.kind !== 'changed' ||
        JSON.stringify(change.before.labels) !== JSON.stringify(change.object.labels);
      if (isNews) wake.round('change');
    },
  });
  return {
    replicas,
    node: own,
    clusterNode,
    async run(signal) {
      await Promise.all([replicas.run(signal), own.run(signal), clusterNode.run(signal)]);
    },
  };
}

/** An API server that was restored from a backup counts on from there: what was applied then is no order of now. */
function forgetGenerations(record: VolumeRecord): void {
  // Not absent: for that the status counts, which is of the backup as well.
  record.applied = { generation: 0, epoch: 0 };
  delete record.peersGo;
  delete record.roundKey;
}

/** The order as it stands; what this node reported itself comes back as a change too, and is none. */
function takeOrder({ volumes, wake }: WatchOptions, change: Change<SyncthingReplica>): void {
  const { object } = change;
  const { folderId } = object.spec;
  const record = volumes.record(folderId);
  if (change.kind === 'removed') {
    delete record.order;
    forgetCopy(record);
    wake.round('change');
  } else {
    // Another resource under the same name is another order, of which nothing is applied or removed yet.
    if (record.order?.uid !== object.uid) forgetCopy(record);
    else if (object.generation < record.order.generation) forgetGenerations(record);
    if (object.spec.removal === undefined) record.removed = false;
    record.order = object;
  }
  const isNews = change.kind !== 'changed' || change.before.generation !== object.generation;
  if (!isNews) return;
  volumes.changed(folderId);
  wake.volume(folderId);
  // A request names the base of the order (handoff rule 3).
  wake.nodeReport();
}
