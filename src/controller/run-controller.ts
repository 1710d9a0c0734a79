/** The controller put together: caches, the reconciler of the leader, the CSI socket, health and metrics. */
import { standardInterceptors } from '../csi/interceptors.ts';
import { serveCsi, type CsiServer } from '../csi/server.ts';
import { defaultHandoffSettings, type HandoffSettings } from '../handoff/settings.ts';
import type { KubernetesClient } from '../kubernetes/client.ts';
import { createEventRecorder } from '../kubernetes/event-recorder.ts';
import { leadWhile } from '../kubernetes/lease.ts';
import type { Clock } from '../runtime/clock.ts';
import type { ControllerConfig } from '../runtime/config.ts';
import { serveHealth, type HealthServer } from '../runtime/health-server.ts';
import type { Logger } from '../runtime/logger.ts';
import { createMetrics, type Metrics } from '../runtime/metrics.ts';
import { assembleController } from './assemble-controller.ts';
import { unsyncedReason, type Caches } from './caches.ts';
import { checkInstance } from './check-instance.ts';
import type { ControllerContext } from './context.ts';
import { controllerRpcs } from './csi/controller-rpcs.ts';
import { identityRpcs } from './csi/identity.ts';
import { measureController, type ControllerMetrics } from './measure.ts';
import type { Reconciler } from './reconciler.ts';

export interface ControllerOptions {
  readonly config: Pick<
    ControllerConfig,
    | 'driverName'
    | 'storageLabel'
    | 'callDeadlineMs'
    | 'drainMs'
    | 'metricsAddress'
    | 'podName'
    | 'failoverAfterMs'
    | 'scrubIntervalMs'
    | 'attach'
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
  const events = createEventRecorder({
    client,
    clock,
    log,
    signal,
    component: config.driverName,
    instance: config.podName,
  });
  const measured = measureController(metrics, log);
  const parts = assembleController({
    ...options,
    events,
    driverName: config.driverName,
    storageLabel: config.storageLabel,
    settings: options.settings ?? {
      ...defaultHandoffSettings,
      failoverAfterMs: config.failoverAfterMs,
      scrubIntervalMs: config.scrubIntervalMs,
      attach: config.attach,
    },
    onFailure: (failure) => measured.onFailure(failure),
  });
  const { informers, context, reconciler } = parts;
  const health = await serveHealthOf(options, informers, () => measured.render(metrics, reconciler, context));
  try {
    await checkInstance({ ...options, driverName: config.driverName });
    const following = parts.follow(signal);
    const csi = await serveCsiOf(options, context, metrics);
    try {
      await lead(options, reconciler, measured);
      await following;
    } finally {
      await csi.close(config.drainMs);
    }
  } finally {
    await health?.close();
    await events.flush();
  }
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
  metrics: Metrics,
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
