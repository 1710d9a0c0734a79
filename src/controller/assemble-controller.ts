/** Informers, context and reconciler, wired to each other; nothing runs yet. */
import type { ClusterNode, SyncthingNode } from '../desired/node.ts';
import type { SyncthingReplica } from '../desired/replica.ts';
import type { SyncthingVolume } from '../desired/volume.ts';
import { defaultHandoffSettings, type HandoffSettings } from '../handoff/settings.ts';
import type { KubernetesClient } from '../kubernetes/client.ts';
import { createInformer, type Change, type Informer, type Named } from '../kubernetes/informer.ts';
import { labelsOf } from '../kubernetes/labels.ts';
import {
  CLUSTER_NODES,
  SYNCTHING_NODES,
  SYNCTHING_REPLICAS,
  SYNCTHING_VOLUMES,
  type ResourceKind,
} from '../kubernetes/resource-kind.ts';
import { exponentialBackoff } from '../runtime/backoff.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/logger.ts';
import type { WorkFailure } from '../runtime/work-queue.ts';
import type { Caches } from './caches.ts';
import { knownObjects, type ControllerContext } from './context.ts';
import { createLiveness } from './liveness.ts';
import { createReconciler, type Reconciler } from './reconciler.ts';

export interface AssembleOptions {
  readonly client: KubernetesClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly events: ControllerContext['events'];
  readonly driverName: string;
  readonly storageLabel: string;
  /** In [0, 1), as Math.random. */
  readonly random: () => number;
  readonly onFailure: (failure: WorkFailure) => void;
  readonly settings?: HandoffSettings;
}

export interface ControllerParts {
  readonly informers: Informers;
  readonly context: ControllerContext;
  readonly reconciler: Reconciler;
  /** Lists and watches until the signal fires. */
  follow(signal: AbortSignal): Promise<void>;
}

export interface Informers extends Caches {
  readonly volumes: Informer<SyncthingVolume>;
  readonly replicas: Informer<SyncthingReplica>;
  readonly nodes: Informer<SyncthingNode>;
  readonly clusterNodes: Informer<ClusterNode>;
}

export function assembleController(options: AssembleOptions): ControllerParts {
  const { client, clock, log, events, driverName, storageLabel, random, onFailure } = options;
  const informers = createInformers(options, () => reconciler);
  const context: ControllerContext = {
    client,
    known: knownObjects(informers, clock),
    liveness: createLiveness(clock),
    events,
    clock,
    log,
    settings: options.settings ?? defaultHandoffSettings,
    driverName,
    storageLabel,
  };
  const reconciler = createReconciler({ context, random, onFailure });
  return {
    informers,
    context,
    reconciler,
    async follow(signal) {
      await Promise.all(Object.values(informers).map((informer: Informer<Named>) => informer.run(signal)));
    },
  };
}

/** The reconciler reads the informers and they tell it, so one of them is asked for late. */
function createInformers(options: AssembleOptions, reconciler: () => Reconciler): Informers {
  const { client, clock, log, driverName, random } = options;
  const labels = labelsOf(driverName);
  function follow<T extends Named>(
    kind: ResourceKind<T>,
    tell: (change: Change<T>) => void,
    selector = {},
  ): Informer<T> {
    const backoff = exponentialBackoff({ firstMs: 1000, maxMs: 30_000, random });
    return createInformer({
      client,
      kind,
      selector,
      clock,
      log,
      backoff,
      onChange: tell,
      onSynced: () => reconciler().onSynced(),
    });
  }
  return {
    volumes: follow(SYNCTHING_VOLUMES, (change) => reconciler().onVolume(change), { labels }),
    replicas: follow(SYNCTHING_REPLICAS, (change) => reconciler().onReplica(change), { labels }),
    nodes: follow(SYNCTHING_NODES, (change) => reconciler().onNode(change), { labels }),
    clusterNodes: follow(CLUSTER_NODES, (change) => reconciler().onClusterNode(change)),
  };
}
