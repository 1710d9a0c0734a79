/** Writing this node's SyncthingNode status: at once when something changed, and as a heartbeat. */
import { isDeepStrictEqual } from 'node:util';
import type { SyncthingNode, SyncthingNodeStatus } from '../desired/node.ts';
import type { KubernetesClient } from '../kubernetes/client.ts';
import { isKubernetesError } from '../kubernetes/errors.ts';
import { labelsOf, labelValue } from '../kubernetes/labels.ts';
import { NODE_OWNERS, SYNCTHING_NODES } from '../kubernetes/resource-kind.ts';
import type { NodeContext } from './context.ts';
import { NodeError } from './errors.ts';
import { sleepUnless } from './sleep-unless.ts';
import { factsOf, type RoundFacts } from './round-facts.ts';

export interface NodeReporterOptions {
  readonly ctx: Pick<
    NodeContext,
    'node' | 'driverName' | 'store' | 'volumes' | 'wanted' | 'health' | 'clock' | 'log'
  >;
  readonly kubernetes: Pick<KubernetesClient, 'get' | 'create' | 'replaceStatus' | 'namespace'>;
  /** Syncthing's address for other nodes. */
  readonly addresses: readonly string[];
  readonly facts: () => RoundFacts;
  readonly heartbeatMs: number;
}

export interface NodeReporter {
  /** Soon; several calls make one write. */
  wake(): void;
  /** Reports until the signal fires. */
  run(signal: AbortSignal): Promise<void>;
  /** The API server has a report of this life of the process, and knows this node's disk. */
  readonly hasReported: boolean;
  /** Why the last report was not written, for the person who wonders why the node is not ready. */
  readonly problem: string | undefined;
}

/** Several wishes of one moment go out together. */
const DEBOUNCE_MS = 20;
const RETRY_MS = 1_000;

export function createNodeReporter(options: NodeReporterOptions): NodeReporter {
  const { clock, log } = options.ctx;
  let woken = Promise.withResolvers<void>();
  let last: Written | undefined;
  let problem: string | undefined;

  async function once(signal: AbortSignal): Promise<number> {
    try {
      last = await report(options, last, signal);
      problem = undefined;
      return Math.max(0, last.at + options.heartbeatMs - clock.now());
    } catch (error) {
      if (isKubernetesError(error, 'not-found', 'conflict')) last = undefined;
      if (!signal.aborted) log.warn({ error }, 'the status of this node cannot be written');
      problem = error instanceof Error ? error.message : String(error);
      return RETRY_MS;
    }
  }

  return {
    get hasReported() {
      return last !== undefined && last.status.capacity.totalBytes > 0;
    },
    get problem() {
      return problem;
    },
    wake: () => woken.resolve(),
    async run(signal) {
      while (!signal.aborted) {
        woken = Promise.withResolvers<void>();
        const waitMs = await once(signal);
        await sleepUnless(clock, waitMs, { signal, woken: woken.promise });
        await clock.sleep(DEBOUNCE_MS, signal).catch(() => undefined);
      }
    },
  };
}

interface Written {
  readonly target: Pick<SyncthingNode, 'name' | 'uid'>;
  readonly status: SyncthingNodeStatus;
  readonly at: number;
}

async function report(
  options: NodeReporterOptions,
  last: Written | undefined,
  signal: AbortSignal,
): Promise<Written> {
  const { ctx, kubernetes, heartbeatMs } = options;
  const found = last ?? (await findOrCreate(options, signal));
  const status = nodeStatus(options, found.status);
  const isDue = last === undefined || ctx.clock.now() - last.at >= heartbeatMs;
  if (!isDue && isDeepStrictEqual({ ...status, heartbeat: '' }, { ...last.status, heartbeat: '' }))
    return last;
  await kubernetes.replaceStatus(SYNCTHING_NODES, found.target, status, { signal });
  return { target: found.target, status, at: ctx.clock.now() };
}

interface Found {
  readonly target: Pick<SyncthingNode, 'name' | 'uid'>;
  readonly status?: SyncthingNodeStatus;
}

async function findOrCreate({ ctx, kubernetes }: NodeReporterOptions, signal: AbortSignal): Promise<Found> {
  const { name, uid, status } = await getOrCreate(ctx, kubernetes, signal);
  await assertOwn(ctx, kubernetes, signal);
  return { target: { name, uid }, ...(status !== undefined && { status }) };
}

/** A node's name is the same to every instance: in one namespace two would report into one resource. */
async function assertOwn(
  { node, driverName }: NodeReporterOptions['ctx'],
  kubernetes: Pick<KubernetesClient, 'get' | 'namespace'>,
  signal: AbortSignal,
): Promise<void> {
  const { driver } = await kubernetes.get(NODE_OWNERS, node, { signal });
  if (driver === undefined || driver === labelValue(driverName)) return;
  const { namespace } = kubernetes;
  throw new NodeError(
    'foreign-owner',
    `SyncthingNode ${node} in namespace ${namespace} belongs to driver ${driver}, and this is driver ${driverName}: ` +
      'give each instance a namespace of its own',
  );
}

async function getOrCreate(
  { node, driverName }: NodeReporterOptions['ctx'],
  kubernetes: NodeReporterOptions['kubernetes'],
  signal: AbortSignal,
): Promise<SyncthingNode> {
  try {
    return await kubernetes.get(SYNCTHING_NODES, node, { signal });
  } catch (error) {
    if (!isKubernetesError(error, 'not-found')) throw error;
  }
  const spec = { fenced: [], devices: [], tombstones: [] };
  try {
    return await kubernetes.create(
      SYNCTHING_NODES,
      { name: node, labels: labelsOf(driverName, { node }), spec },
      { signal },
    );
  } catch (error) {
    if (!isKubernetesError(error, 'already-exists')) throw error;
    return await kubernetes.get(SYNCTHING_NODES, node, { signal });
  }
}

function nodeStatus(
  options: NodeReporterOptions,
  before: SyncthingNodeStatus | undefined,
): SyncthingNodeStatus {
  const { ctx, addresses, facts } = options;
  return {
    ...syncthingPart(ctx.health.state, before),
    addresses,
    storeId: ctx.store.storeId,
    heartbeat: new Date(ctx.clock.now()).toISOString(),
    wanted: ctx.wanted.list((volumeId) => ctx.volumes.record(volumeId).order?.spec),
    ...factsOf(facts(), before),
  };
}

/** A device keeps its id while its daemon is away: others need it to keep their configuration. */
function syncthingPart(
  state: NodeContext['health']['state'],
  before: SyncthingNodeStatus | undefined,
): Pick<SyncthingNodeStatus, 'deviceId' | 'syncthing'> {
  if (state.kind === 'ready') {
    return { deviceId: state.deviceId, syncthing: { ready: true, version: state.version } };
  }
  const away: Partial<Extract<typeof state, { kind: 'away' }>> = state.kind === 'away' ? state : {};
  return {
    deviceId: away.deviceId ?? before?.deviceId ?? '',
    syncthing: {
      ready: false,
      version: away.version ?? before?.syncthing.version ?? '',
      message: away.message ?? 'Syncthing has not answered yet',
    },
  };
}
