import { isIP } from 'node:net';
import path from 'node:path';
import * as z from 'zod/mini';
import { logLevels } from './logger.ts';
import { socketPathComplaint } from './socket-path.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** All that is wrong with the environment at once, each line naming its variable. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Labels and annotations begin with the name, csi-sanity wants a letter at both ends, CSI 1.12 at most 63 characters. */
const driverName = z._default(
  z
    .string()
    .check(
      z.maxLength(63, 'has more than 63 characters'),
      z.regex(
        /^[a-z](?:[a-z0-9.-]*[a-z])?$/,
        'is not a domain name in lower case that begins and ends with a letter',
      ),
    ),
  'syncthing.csi.davepedu.com',
);

const dnsName = z
  .string()
  .check(z.regex(/^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/, 'is not a name of Kubernetes'));

const absolutePath = z
  .string()
  .check(
    z.refine(
      (value) => path.isAbsolute(value) && path.normalize(value) === value && !value.endsWith('/'),
      'is not a plain absolute path: no "..", "//" or "/" at the end, and not "/" itself',
    ),
  );

const port = z.coerce
  .number('is not a port')
  .check(z.refine((value) => Number.isInteger(value) && value >= 1 && value <= 65_535, 'is not a port'));

const ipAddress = z.string().check(z.refine((value) => isIP(value) !== 0, 'is not an IP address'));

/** `unix:///path`, `host:port`, `[v6]:port` or `:port`; see parseListenAddress in health-server.ts. */
const listenAddress = z
  .string()
  .check(z.regex(/^(?:unix:\/\/\/.+|.*:[0-9]{1,5})$/, 'is neither unix:///path nor host:port'));

function milliseconds(defaultMs: number) {
  const complaint = 'is not a whole number of milliseconds';
  const duration = z.coerce
    .number(complaint)
    .check(z.refine((value) => Number.isSafeInteger(value) && value >= 0, complaint));
  return z._default(duration, defaultMs);
}

const common = z.object({
  DRIVER_NAME: driverName,
  NAMESPACE: dnsName,
  LOG_LEVEL: z._default(z.enum(logLevels, `is not one of ${logLevels.join(', ')}`), 'info'),
  METRICS_ADDRESS: z.optional(listenAddress),
  /** For a call that brings no deadline. */
  CALL_DEADLINE_MS: milliseconds(120_000),
  /** How long calls in flight are waited for at the end. */
  DRAIN_MS: milliseconds(20_000),
});

const controllerVariables = z.extend(common, {
  CSI_ENDPOINT: z._default(z.string(), 'unix:///csi/csi.sock'),
  /** Under which the leader is elected, and by which the lease says who leads. */
  POD_NAME: dnsName,
  /** From "not seen" to failover, for volumes with `failover: automatic` (handoff rule 25). */
  FAILOVER_AFTER_MS: milliseconds(300_000),
  /** From DeleteVolume to the removal of the bytes (handoff rule 34). */
  TRASH_GRACE_MS: milliseconds(3_600_000),
  /** The same as on the nodes: before a copy goes, the others were scrubbed not too long ago (handoff rule 43). */
  SCRUB_INTERVAL_MS: milliseconds(86_400_000),
  /** Kubernetes attaches before a node stages (handoff rule 6); the CSIDriver says the same. */
  ATTACH: z._default(z.enum(['true', 'false'], 'is neither true nor false'), 'false'),
});

const nodeVariables = z.extend(common, {
  CSI_ENDPOINT: z.optional(z.string()),
  REGISTRATION_SOCKET: z.optional(absolutePath),
  /** `sidecar`: the node-driver-registrar beside us talks with the kubelet, we do not. */
  REGISTRATION: z._default(z.enum(['built-in', 'sidecar'], 'is neither built-in nor sidecar'), 'built-in'),
  NODE_NAME: dnsName,
  HOST_DATA_DIR: z._default(absolutePath, '/var/syncthing-csi'),
  KUBELET_DIR: z._default(absolutePath, '/var/lib/kubelet'),
  /** A procfs that shows every process of the node. In a pod without hostPID the host's is mounted elsewhere. */
  HOST_PROC: z._default(absolutePath, '/proc'),
  SYNCTHING_SOCKET: z._default(absolutePath, '/run/syncthing-csi/syncthing.sock'),
  POD_IP: ipAddress,
  SYNC_PORT: z._default(port, 22_000),
  /** Only nodes with this label run the driver; for messages. */
  NODE_LABEL: z.optional(z.string()),
  /** How long the last NodeUnpublish waits for the flush (handoff rule 18). */
  DETACH_WAIT_MS: milliseconds(10_000),
  TRASH_GRACE_MS: milliseconds(3_600_000),
  /** From the end of one scrub of a copy to the next; 0: only where one is asked for. */
  SCRUB_INTERVAL_MS: milliseconds(86_400_000),
  SCRUB_BYTES_PER_SECOND: z._default(
    z.coerce
      .number('is not a number of bytes')
      .check(z.refine((value) => Number.isSafeInteger(value) && value > 0, 'is not a number of bytes')),
    16 * 1024 * 1024,
  ),
  /** The slow safety pass of the helpers. */
  ROUND_INTERVAL_MS: milliseconds(60_000),
  /** How long one helper may take before it counts as hung. */
  HELPER_TIMEOUT_MS: milliseconds(60_000),
});

interface CommonConfig {
  readonly driverName: string;
  readonly namespace: string;
  readonly logLevel: (typeof logLevels)[number];
  /** Absent: no metrics are served. */
  readonly metricsAddress?: string;
  /** Label by which a node is a data node: `<driver name>/syncthing-storage`. */
  readonly storageLabel: string;
  readonly callDeadlineMs: number;
  readonly drainMs: number;
}

export interface ControllerConfig extends CommonConfig {
  /** As in the specification; parseCsiEndpoint takes it. */
  readonly csiEndpoint: string;
  readonly podName: string;
  readonly failoverAfterMs: number;
  readonly trashGraceMs: number;
  readonly scrubIntervalMs: number;
  readonly attach: boolean;
}

export interface NodeConfig extends CommonConfig {
  /** In the kubelet's plugin directory unless given, where the kubelet sees it under the same path. */
  readonly csiEndpoint: string;
  readonly registrationSocket: string;
  /** Who registers the driver with the kubelet. */
  readonly registration: 'built-in' | 'sidecar';
  readonly nodeName: string;
  readonly hostDataDir: string;
  readonly kubeletDir: string;
  readonly hostProc: string;
  readonly syncthingSocket: string;
  readonly podIp: string;
  readonly syncPort: number;
  readonly nodeLabel?: string;
  readonly detachWaitMs: number;
  readonly trashGraceMs: number;
  readonly roundIntervalMs: number;
  readonly scrubIntervalMs: number;
  readonly scrubBytesPerSecond: number;
  readonly helperTimeoutMs: number;
}

/** Throws ConfigError. */
export function parseControllerConfig(environment: Environment): ControllerConfig {
  const variables = parse(controllerVariables, environment);
  return {
    ...commonConfig(variables),
    csiEndpoint: variables.CSI_ENDPOINT,
    podName: variables.POD_NAME,
    failoverAfterMs: variables.FAILOVER_AFTER_MS,
    trashGraceMs: variables.TRASH_GRACE_MS,
    scrubIntervalMs: variables.SCRUB_INTERVAL_MS,
    attach: variables.ATTACH === 'true',
  };
}

/** Throws ConfigError. */
export function parseNodeConfig(environment: Environment): NodeConfig {
  const variables = parse(nodeVariables, environment);
  const { DRIVER_NAME: name, KUBELET_DIR: kubeletDir, NODE_LABEL: nodeLabel } = variables;
  const csiEndpoint = variables.CSI_ENDPOINT ?? `unix://${kubeletDir}/plugins/${name}/csi.sock`;
  const registrationSocket =
    variables.REGISTRATION_SOCKET ?? `${kubeletDir}/plugins_registry/${name}-reg.sock`;
  requireShortSockets([
    csiEndpoint.replace(/^unix:\/\//, ''),
    registrationSocket,
    variables.SYNCTHING_SOCKET,
  ]);
  return {
    ...commonConfig(variables),
    csiEndpoint,
    registrationSocket,
    registration: variables.REGISTRATION,
    nodeName: variables.NODE_NAME,
    hostDataDir: variables.HOST_DATA_DIR,
    kubeletDir,
    hostProc: variables.HOST_PROC,
    syncthingSocket: variables.SYNCTHING_SOCKET,
    podIp: variables.POD_IP,
    syncPort: variables.SYNC_PORT,
    ...(nodeLabel !== undefined && { nodeLabel }),
    detachWaitMs: variables.DETACH_WAIT_MS,
    trashGraceMs: variables.TRASH_GRACE_MS,
    roundIntervalMs: variables.ROUND_INTERVAL_MS,
    scrubIntervalMs: variables.SCRUB_INTERVAL_MS,
    scrubBytesPerSecond: variables.SCRUB_BYTES_PER_SECOND,
    helperTimeoutMs: variables.HELPER_TIMEOUT_MS,
  };
}

function commonConfig(variables: z.infer<typeof common>): CommonConfig {
  const { DRIVER_NAME: name, METRICS_ADDRESS: metricsAddress } = variables;
  return {
    driverName: name,
    namespace: variables.NAMESPACE,
    logLevel: variables.LOG_LEVEL,
    ...(metricsAddress !== undefined && { metricsAddress }),
    storageLabel: `${name}/syncthing-storage`,
    callDeadlineMs: variables.CALL_DEADLINE_MS,
    drainMs: variables.DRAIN_MS,
  };
}

/** Told before anything is bound: the kernel says of a path that is too long only that it is invalid. */
function requireShortSockets(socketPaths: readonly string[]): void {
  const complaints = socketPaths.flatMap((socketPath) => {
    const complaint = socketPathComplaint(socketPath);
    return complaint === undefined ? [] : [`${socketPath}: ${complaint}`];
  });
  if (complaints.length === 0) return;
  const remedy = 'choose a shorter DRIVER_NAME, KUBELET_DIR or HOST_DATA_DIR';
  throw new ConfigError(`the environment is not right: ${complaints.join('; ')}: ${remedy}`);
}

/** A variable set to nothing is not set, as a chart leaves it where a value is absent. */
function parse<Variables>(schema: z.ZodMiniType<Variables>, environment: Environment): Variables {
  const set = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''),
  );
  const parsed = schema.safeParse(set);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map(({ path: [name], message }) => {
    return `${String(name)} ${String(name) in set ? message : 'is not set'}`;
  });
  throw new ConfigError(`the environment is not right: ${lines.join('; ')}`);
}
