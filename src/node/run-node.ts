/** The node service put together: watches, reconciler, helpers' rounds, reports, and the CSI socket. */
import { logCalls } from '../csi/log-calls.ts';
import { standardInterceptors } from '../csi/interceptors.ts';
import { serveCsi, type CsiServer } from '../csi/server.ts';
import { defaultHandoffSettings } from '../handoff/settings.ts';
import type { KubernetesClient } from '../kubernetes/client.ts';
import { createEventRecorder, type EventRecorder } from '../kubernetes/event-recorder.ts';
import type { Mounter } from '../mount/mounter.ts';
import { exponentialBackoff } from '../runtime/backoff.ts';
import type { Clock } from '../runtime/clock.ts';
import type { NodeConfig } from '../runtime/config.ts';
import { serveHealth, type HealthServer } from '../runtime/health-server.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Metrics } from '../runtime/metrics.ts';
import { createRounds, type Rounds } from '../runtime/rounds.ts';
import { createWorkQueue, type WorkQueue } from '../runtime/work-queue.ts';
import { parseCsiEndpoint } from '../csi/endpoint.ts';
import type { SyncthingClient } from '../syncthing/client.ts';
import { listenAddress } from '../syncthing/config-xml.ts';
import { defaultNodeTimes, type NodeContext, type NodeSettings, type Wake } from './context.ts';
import { createDiskStates } from './disk-state-file.ts';
import { createFolderObserver, type FolderObserver } from './folder-observer.ts';
import { createIndexMark } from './index-mark.ts';
import type { Helpers } from './helpers.ts';
import { identityRpcs } from './identity.ts';
import { createJobs, type Jobs } from './jobs.ts';
import type { MountPoints } from './mount-points.ts';
import { nodeInfoRpcs } from './node-info.ts';
import { createNodeReporter, type NodeReporter } from './node-reporter.ts';
import { nodePublishVolume } from './publish.ts';
import { createReconciler } from './reconcile-volume.ts';
import { registrationRpcs } from './registration.ts';
import { createReplicaReporter } from './replica-reporter.ts';
import { runScrubs, type ScrubParts } from './run-scrubs.ts';
import { createScrubRecords } from './scrub-records.ts';
import type { Scrubber } from './scrub-steps.ts';
import { createHelperTurns, type HelperTurns } from './run-helper-turn.ts';
import { nodeStageVolume, nodeUnstageVolume } from './stage.ts';
import { nodeGetVolumeStats } from './stats.ts';
import type { Store } from './store.ts';
import { createSyncthingHealth } from './syncthing-health.ts';
import { watchHealth, watchSyncthing } from './syncthing-watch.ts';
import { nodeUnpublishVolume } from './unpublish.ts';
import { createVolumeMutex } from './volume-mutex.ts';
import { createVolumes } from './volumes.ts';
import { createWantedVolumes } from './wanted.ts';
import { createWatches, type Watches } from './watches.ts';

export interface NodeOptions {
  readonly config: NodeConfig;
  readonly store: Store;
  readonly kubernetes: KubernetesClient;
  readonly syncthing: SyncthingClient;
  readonly mounter: Mounter;
  readonly mountPoints: MountPoints;
  readonly ownNamespace: string;
  readonly syncFilesystems: NodeContext['syncFilesystems'];
  readonly helpers: Helpers;
  readonly scrubber: Scrubber;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly version: string;
  readonly random: () => number;
  readonly settings?: Partial<NodeSettings>;
  /** Ends the service: calls in flight are waited for, mounts stay. */
  readonly signal: AbortSignal;
}

const HEARTBEAT_MS = 10_000;
const CONCURRENT_VOLUMES = 4;
/** What comes in the wake of one change is done together. */
const DEBOUNCE_MS = 200;
/** Helpers end themselves after this share of the time in which they would be killed. */
const BUDGET_SHARE = 0.5;

interface Parts {
  readonly ctx: NodeContext;
  readonly watches: Watches;
  readonly queue: WorkQueue;
  readonly jobs: Jobs;
  readonly reporter: NodeReporter;
  readonly rounds: Rounds;
  readonly turns: HelperTurns;
  readonly observer: FolderObserver;
  readonly events: EventRecorder;
}

/** Serves until the signal fires. What calls in flight wait for goes on until they have been answered. */
export async function runNode(options: NodeOptions): Promise<void> {
  const { signal, config } = options;
  const stop = new AbortController();
  const parts = assemble(options, stop.signal);
  const { ctx, watches, queue, jobs, reporter } = parts;
  const background = Promise.all([
    watches.run(stop.signal),
    queue.run(stop.signal),
    reporter.run(stop.signal),
    runRounds(parts, stop.signal),
    watchSyncthing(ctx, stop.signal),
    watchHealth(ctx, stop.signal),
    runScrubs(scrubParts(options, parts), stop.signal),
  ]);
  const health = await serveHealthOf(options, parts);
  const servers = await serveSockets(options, parts);
  try {
    await Promise.race([background, aborted(signal)]);
  } finally {
    for (const server of servers.toReversed()) await server.close(config.drainMs);
    stop.abort(new DOMException('the node service is stopping', 'AbortError'));
    await background.catch((error: unknown) => options.log.error({ error }, 'stopped with an error'));
    await jobs.settled();
    await parts.events.flush();
    await health?.close();
  }
}

function assemble(options: NodeOptions, stop: AbortSignal): Parts {
  const { config, kubernetes, clock, log, random } = options;
  const volumes = createVolumes(clock);
  const late: { wake?: Wake } = {};
  const wake: Wake = {
    volume: (folderId) => late.wake?.volume(folderId),
    nodeReport: () => late.wake?.nodeReport(),
    round: (reason) => late.wake?.round(reason),
  };
  const watches = createWatches({
    client: kubernetes,
    clock,
    log,
    random,
    node: config.nodeName,
    driverName: config.driverName,
    volumes,
    wake,
  });
  const events = createEventRecorder({
    client: kubernetes,
    clock,
    log,
    component: config.driverName,
    instance: config.nodeName,
    signal: stop,
  });
  const ctx = contextOf(options, { volumes, wake, watches, events });
  const turns = createHelperTurns(ctx, roundSources(config, watches), options.helpers);
  const reporter = createNodeReporter({
    ctx,
    kubernetes,
    addresses: [listenAddress(config.podIp, config.syncPort)],
    facts: () => turns.facts(),
    heartbeatMs: HEARTBEAT_MS,
  });
  const backoff = exponentialBackoff({ firstMs: 1_000, maxMs: 60_000, random });
  const rounds = createRounds({
    clock,
    debounceMs: DEBOUNCE_MS,
    safetyMs: config.roundIntervalMs,
    delayMs: (failures) => backoff.delayMs(failures),
    run: (helper, signal) => turns.run(helper, signal),
    onError: (helper, error) => log.error({ helper, error }, 'a turn of a helper failed'),
  });
  const jobs = createJobs(ctx, backoff, stop);
  const mark = createIndexMark(options.store.layout.syncthingHome, log);
  const observer = createFolderObserver(options.syncthing, clock, mark);
  const queue = createQueue(options, ctx, { jobs, observer });
  late.wake = {
    volume: (folderId) => queue.add(folderId),
    nodeReport: () => reporter.wake(),
    round: (reason) => rounds.request(reason),
  };
  return { ctx, watches, queue, jobs, reporter, rounds, turns, observer, events };
}

interface ContextParts {
  readonly volumes: NodeContext['volumes'];
  readonly wake: Wake;
  readonly watches: Watches;
  readonly events: EventRecorder;
}

function contextOf(options: NodeOptions, { volumes, wake, watches, events }: ContextParts): NodeContext {
  const { config, store, kubernetes, syncthing, clock, log } = options;
  const { mounter, mountPoints, ownNamespace, syncFilesystems } = options;
  const node = config.nodeName;
  return {
    node,
    driverName: config.driverName,
    kubeletDir: config.kubeletDir,
    store,
    states: createDiskStates(store.layout, store.storeId),
    scrubs: createScrubRecords(store.layout),
    volumes,
    mutex: createVolumeMutex(),
    wanted: createWantedVolumes(clock),
    mounter,
    mountPoints,
    ownNamespace,
    kubernetes,
    events,
    syncthing,
    health: createSyncthingHealth({
      client: syncthing,
      socketPath: config.syncthingSocket,
      node,
      clock,
      log,
    }),
    clock,
    log,
    settings: {
      handoff: defaultHandoffSettings,
      detachWaitMs: config.detachWaitMs,
      ...defaultNodeTimes,
      ...options.settings,
    },
    knowsOrders: () => watches.replicas.synced,
    syncFilesystems,
    wake,
  };
}

function roundSources(config: NodeConfig, watches: Watches) {
  return {
    replicas: () => watches.replicas.items(),
    unreadable: () => [...watches.replicas.unreadable().keys()],
    node: () => watches.node.get(config.nodeName),
    labels: () => watches.clusterNode.get(config.nodeName)?.labels ?? {},
    storageLabel: config.storageLabel,
    syncthingSocket: config.syncthingSocket,
    trashGraceMs: config.trashGraceMs,
    budgetMs: config.helperTimeoutMs * BUDGET_SHARE,
  };
}

function createQueue(
  { clock, log, random, kubernetes }: NodeOptions,
  ctx: NodeContext,
  { jobs, observer }: Pick<Parts, 'jobs' | 'observer'>,
): WorkQueue {
  const reporter = createReplicaReporter(ctx, kubernetes);
  return createWorkQueue({
    clock,
    concurrency: CONCURRENT_VOLUMES,
    backoff: exponentialBackoff({ firstMs: 200, maxMs: 10_000, random }),
    work: createReconciler(ctx, { observer, reporter, jobs }),
    onError: ({ key, error, failures, retryInMs }) =>
      log.warn(
        { folderId: key, error, failures, retryInMs: Math.round(retryInMs) },
        'a look at a volume failed',
      ),
  });
}

function scrubParts(
  { config, metrics, scrubber, random }: NodeOptions,
  { ctx, observer, jobs }: Parts,
): ScrubParts {
  const settings = { intervalMs: config.scrubIntervalMs, bytesPerSecond: config.scrubBytesPerSecond };
  const tally = {
    files: metrics.counter('syncthing_csi_scrub_files_total', 'Files compared with what was proven'),
    bytes: metrics.counter('syncthing_csi_scrub_bytes_total', 'Bytes of these files'),
    differing: metrics.counter('syncthing_csi_scrub_differing_total', 'Files that differed'),
    repaired: metrics.counter('syncthing_csi_scrub_repaired_total', 'Files fetched again, and right again'),
  };
  return { ctx, observer, jobs, scrubber, settings, tally, random };
}

/** No round on half a view: an order that is not known yet would count as none. */
async function runRounds({ watches, rounds }: Parts, signal: AbortSignal): Promise<void> {
  try {
    await Promise.all(
      [watches.replicas, watches.node, watches.clusterNode].map((informer) => informer.whenSynced(signal)),
    );
  } catch (error) {
    if (signal.aborted) return;
    throw error;
  }
  await rounds.run(signal);
}

function isStarted({ watches, reporter }: Parts): boolean {
  return watches.replicas.synced && reporter.hasReported;
}

function unreportedReason({ reporter }: Parts): string {
  return reporter.problem ?? 'the API server has no report of this node yet';
}

async function serveHealthOf(
  { config, metrics }: NodeOptions,
  parts: Parts,
): Promise<HealthServer | undefined> {
  if (config.metricsAddress === undefined) return undefined;
  return serveHealth({
    address: config.metricsAddress,
    unhealthy: () => undefined,
    unready: () => (isStarted(parts) ? undefined : unreportedReason(parts)),
    metrics: () => metrics.render(),
  });
}

/** The CSI socket first: the kubelet calls it as soon as it has heard of it. */
async function serveSockets(options: NodeOptions, parts: Parts): Promise<readonly CsiServer[]> {
  const { config, clock, metrics, log, version } = options;
  const { ctx } = parts;
  const { driverName } = config;
  const socketPath = parseCsiEndpoint(config.csiEndpoint);
  const csi = await serveCsi({
    socketPath,
    services: {
      identity: identityRpcs({
        driverName,
        version,
        health: ctx.health,
        clock,
        isStarted: () => isStarted(parts),
      }),
      node: {
        ...nodeInfoRpcs(ctx.node),
        NodeStageVolume: nodeStageVolume(ctx),
        NodePublishVolume: nodePublishVolume(ctx),
        NodeUnpublishVolume: nodeUnpublishVolume(ctx),
        NodeUnstageVolume: nodeUnstageVolume(ctx),
        NodeGetVolumeStats: nodeGetVolumeStats(ctx),
      },
    },
    interceptors: standardInterceptors({ clock, metrics, defaultDeadlineMs: config.callDeadlineMs }),
    log,
  });
  if (config.registration === 'sidecar') return [csi];
  const registration = await serveCsi({
    socketPath: config.registrationSocket,
    services: {
      registration: registrationRpcs({
        driverName,
        endpoint: socketPath,
        log,
        onRegistered: () => undefined,
      }),
    },
    interceptors: [logCalls(clock)],
    log,
  });
  return [csi, registration];
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
