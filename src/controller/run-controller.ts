/** The controller put together: caches, the reconciler of the leader, the CSI socket, health and metrics. */
import { standardInterceptors } from '../csi/interceptors.ts';
import { serveCsi, type CsiServer } from '../csi/server.ts';
import type { ClusterNode, SyncthingNode } from '../desired/node.ts';
import type { SyncthingReplica } from '../desired/replica.ts';
import type { SyncthingVolume } from '../desired/volume.ts';
import { defaultHandoffSettings, type HandoffSettings } from '../handoff/settings.ts';
import type { KubernetesClient } from '../kubernetes/client.ts';
import { createEventRecorder } from '../kubernetes/event-recorder.ts';
import { createInformer, type Change, type Informer, type Named } from '../kubernetes/informer.ts';
import { labelsOf } from '../kubernetes/labels.ts';
import { leadWhile } from '../kubernetes/lease.ts';
import {
  CLUSTER_NODES,
  SYNCTHING_NODES,
  SYNCTHING_REPLICAS,
  SYNCTHING_VOLUMES,
  type ResourceKind,
} from '../kubernetes/resource-kind.ts';
import { exponentialBackoff } from '../runtime/backoff.ts';
import type { Clock } from '../runtime/clock.ts';
import type { ControllerConfig } from '../runtime/config.ts';
import { serveHealth, type HealthServer } from '../runtime/health-server.ts';
import type { Logger } from '../runtime/logger.ts';
import { createMetrics } from '../runtime/metrics.ts';
import { unsyncedReason, type Caches } from './caches.ts';
import { knownObjects, type ControllerContext } from './context.ts';
import { controllerRpcs } from './csi/controller-rpcs.ts';
import { identityRpcs } from './csi/identity.ts';
import { createLiveness } from './liveness.ts';
import { measureController, type ControllerMetrics } from './measure.ts';
import { createReconciler, type Reconciler } from './reconciler.ts';

export interface ControllerOptions {
  readonly config: Pick<
    ControllerConfig,
    'driverName' | 'storageLabel' | 'callDeadlineMs' | 'drainMs' | 'metricsAddress' | 'podName'
  >;
  readonly client: KubernetesClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly version: string;
  readonly socketPath: string;
  /** Of this candidate for the lead; never used again. */
  readonly identity: string;
  /** In [0, 1), as Math.random. */
  readonly random: () => number;
  readonly signal: AbortSignal;
  readonly settings?: HandoffSettings;
}

/** Serves and reconciles until the signal fires; then drains and returns. */
export async function runController(options: ControllerOptions): Promise<void> {
  const { config, client, clock, log, signal } = options;
  const metrics = createMetrics();
  const informers = createInformers(options, (): Reconciler => reconciler);
  const events = createEventRecorder({
    client,
    clock,
    log,
    signal,
    component: config.driverName,
    instance: config.podName,
  });
  const context: ControllerContext = {
    client,
    known: knownObjects(informers, clock),
    liveness: createLiveness(clock),
    events,
    clock,
    log,
    settings: options.settings ?? defaultHandoffSettings,
    driverName: config.driverName,
    storageLabel: config.storageLabel,
  };
  const measured = measureController(metrics, log);
  const reconciler = createReconciler({
    context,
    random: options.random,
    onFailure: (failure) => measured.onFailure(failure),
  });
  const following = Promise.all(Object.values(informers).map((informer) => informer.run(signal)));
  const health = await serveHealthOf(options, informers, () => measured.render(metrics, reconciler, context));
  const csi = await serveCsiOf(options, context, metrics);
  try {
    await lead(options, reconciler, measured);
    await following;
  } finally {
    await csi.close(config.drainMs);
    await health?.close();
    await events.flush();
  }
}

interface Informers extends Caches {
  readonly volumes: Informer<SyncthingVolume>;
  readonly replicas: Informer<SyncthingReplica>;
  readonly nodes: Informer<SyncthingNode>;
  readonly clusterNodes: Informer<ClusterNode>;
}

/** The reconciler reads the informers and they tell it, so one of them is asked for late. */
function createInformers(options: ControllerOptions, reconciler: () => Reconciler): Informers {
  const { client, clock, log, config, random } = options;
  const labels = labelsOf(config.driverName);
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

async function lead(
  options: ControllerOptions,
  reconciler: Reconciler,
  measured: ControllerMetrics,
): Promise<void> {
  const { client, clock, log, signal, identity, config } = options;
  const name = `${config.driverName}-controller`;
  await leadWhile({ client, name, identity, clock, log, signal }, async (leading) => {
    measured.setLeading(true);
    try {
      await reconciler.run(leading);
    } finally {
      measured.setLeading(false);
    }
  });
}

function serveCsiOf(
  options: ControllerOptions,
  context: ControllerContext,
  metrics: ReturnType<typeof createMetrics>,
): Promise<CsiServer> {
  const { clock, log, config, socketPath, version } = options;
  const { driverName, callDeadlineMs } = config;
  function isReady(): boolean {
    return unsyncedReason(context.known) === undefined;
  }
  return serveCsi({
    socketPath,
    services: {
      identity: identityRpcs({ driverName, version, isReady }),
      controller: controllerRpcs(context),
    },
    interceptors: standardInterceptors({ clock, metrics, defaultDeadlineMs: callDeadlineMs }),
    log,
  });
}

async function serveHealthOf(
  options: ControllerOptions,
  caches: Caches,
  metrics: () => string,
): Promise<HealthServer | undefined> {
  const { metricsAddress } = options.config;
  if (metricsAddress === undefined) return undefined;
  return serveHealth({
    address: metricsAddress,
    unhealthy: () => undefined,
    unready: () => unsyncedReason(caches),
    metrics,
  });
}
