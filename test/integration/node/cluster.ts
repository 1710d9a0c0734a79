import { symlinkSync, mkdirSync } from 'node:fs';
import { readlink } from 'node:fs/promises';
import path from 'node:path';
import { runController } from '../../../src/controller/run-controller.ts';
import type { SyncthingNode } from '../../../src/desired/node.ts';
import { replicaName } from '../../../src/desired/replica-name.ts';
import type { SyncthingReplica } from '../../../src/desired/replica.ts';
import { parseVolumeId } from '../../../src/desired/volume-id.ts';
import type { SyncthingVolume } from '../../../src/desired/volume.ts';
import { createFakeKubernetes, type FakeKubernetes } from '../../../src/kubernetes/fake.ts';
import {
  CLUSTER_NODES,
  SYNCTHING_NODES,
  SYNCTHING_REPLICAS,
  SYNCTHING_VOLUMES,
} from '../../../src/kubernetes/resource-kind.ts';
import { syncFilesystems } from '../../../src/mount/sync-filesystems.ts';
import { createMounter } from '../../../src/mount/util-linux-mounter.ts';
import { createHelpers } from '../../../src/node/helpers.ts';
import { hostLayout, type VolumeLayout } from '../../../src/node/host-layout.ts';
import { realMountPoints } from '../../../src/node/mount-points.ts';
import { runNode } from '../../../src/node/run-node.ts';
import { createScrubber } from '../../../src/node/scrubber.ts';
import { openStore } from '../../../src/node/store.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { parseNodeConfig, type NodeConfig } from '../../../src/runtime/config.ts';
import { createLogger, silentLogger, type Logger } from '../../../src/runtime/logger.ts';
import { createMetrics } from '../../../src/runtime/metrics.ts';
import { connect, type Answer, type TestClient } from '../csi/client.ts';
import { startDaemon, type Daemon } from '../syncthing/daemon.ts';

export const DRIVER = 'syncthing.test';
const STORAGE_LABEL = `${DRIVER}/syncthing-storage`;

/** One node: a real Syncthing, its disk, the real `node` service and the real helpers. */
export interface TestNode {
  readonly name: string;
  readonly daemon: Daemon;
  readonly config: NodeConfig;
  /** As the kubelet calls it; the answer is the caller's to judge. */
  rpc(name: string, request: object, deadlineMs?: number): Promise<Answer>;
  paths(volumeId: string): VolumeLayout;
  stagingPath(volumeId: string): string;
  targetPath(volumeId: string, pod: string): string;
  /** Ends the service as SIGTERM does; mounts stay. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** Nodes and the real controller over an API server in memory. Runs in a mount namespace of its own. */
export interface TestCluster extends AsyncDisposable {
  readonly kubernetes: FakeKubernetes;
  node(name: string): TestNode;
  controllerRpc(name: string, request: object): Promise<Answer>;
  createVolume(name: string, parameters?: Readonly<Record<string, string>>): Promise<string>;
  volume(volumeId: string): Promise<SyncthingVolume>;
  replica(volumeId: string, node: string): Promise<SyncthingReplica>;
  nodeResource(node: string): Promise<SyncthingNode>;
}

const TIMEOUT_MS = 10_000;

export function within(): { readonly signal: AbortSignal } {
  return { signal: AbortSignal.timeout(TIMEOUT_MS) };
}

function testLog(component: string): Logger {
  const level = process.env['TEST_LOG'];
  return level === undefined
    ? silentLogger
    : createLogger({ level: 'debug', to: 'stderr', fields: { component } });
}

export async function startCluster(
  names: readonly string[],
  dataNodes: readonly string[] = names,
): Promise<TestCluster> {
  const kubernetes = createFakeKubernetes({ clock: systemClock });
  for (const name of names) {
    kubernetes.seed(CLUSTER_NODES, {
      name,
      labels: dataNodes.includes(name) ? { [STORAGE_LABEL]: 'yes' } : {},
      status: { conditions: [{ type: 'Ready', status: 'True' }] },
    });
  }
  await using cleanup = new AsyncDisposableStack();
  const nodes = new Map<string, TestNode>();
  for (const name of names) {
    const node = await createNode(kubernetes, name);
    cleanup.defer(async () => {
      await node.stop();
      await unmountAll(node.config.hostDataDir);
      await node.daemon[Symbol.asyncDispose]();
    });
    nodes.set(name, node);
    await node.start();
  }
  const [first] = nodes.values();
  if (first === undefined) throw new Error('a cluster has a node');
  const socketPath = path.join(first.daemon.data, 'controller.sock');
  const stop = new AbortController();
  const controller = runController({
    config: {
      driverName: DRIVER,
      storageLabel: STORAGE_LABEL,
      callDeadlineMs: 30_000,
      failoverAfterMs: 300_000,
      drainMs: 1_000,
      podName: 'controller-0',
      scrubIntervalMs: 86_400_000,
      attach: false,
    },
    client: kubernetes,
    clock: systemClock,
    log: testLog('controller'),
    version: '0.0.0',
    socketPath,
    identity: 'controller-0',
    random: Math.random,
    signal: stop.signal,
  });
  const client = connect(socketPath);
  cleanup.defer(async () => {
    client.close();
    stop.abort();
    await controller;
  });
  const owned = cleanup.move();
  return {
    kubernetes,
    node(name) {
      const node = nodes.get(name);
      if (node === undefined) throw new Error(`no node ${name}`);
      return node;
    },
    controllerRpc: (name, request) => client.call('Controller', name, request, { deadlineMs: 30_000 }),
    createVolume: (name, parameters = {}) => createVolume(client, name, parameters),
    volume: (volumeId) => kubernetes.get(SYNCTHING_VOLUMES, nameOf(volumeId), within()),
    replica: (volumeId, node) =>
      kubernetes.get(SYNCTHING_REPLICAS, replicaName(nameOf(volumeId), node), within()),
    nodeResource: (node) => kubernetes.get(SYNCTHING_NODES, node, within()),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function nameOf(volumeId: string): string {
  const name = parseVolumeId(volumeId)?.name;
  if (name === undefined) throw new Error(`${volumeId} is no volume id`);
  return name;
}

async function createNode(kubernetes: FakeKubernetes, name: string): Promise<TestNode> {
  const daemon = await startDaemon();
  symlinkSync(daemon.home, path.join(daemon.data, 'syncthing'));
  const kubelet = path.join(daemon.data, 'kubelet');
  mkdirSync(kubelet);
  const config = parseNodeConfig({
    DRIVER_NAME: DRIVER,
    NAMESPACE: kubernetes.namespace,
    NODE_NAME: name,
    HOST_DATA_DIR: daemon.data,
    KUBELET_DIR: kubelet,
    SYNCTHING_SOCKET: daemon.socketPath,
    POD_IP: '127.0.0.1',
    SYNC_PORT: new URL(daemon.address).port,
    DETACH_WAIT_MS: '10000',
    DRAIN_MS: '2000',
  });
  const layout = hostLayout(daemon.data);
  const csi = path.join(kubelet, 'plugins', DRIVER, 'csi.sock');
  let running: Running | undefined;
  return {
    name,
    daemon,
    config,
    async rpc(rpc, request, deadlineMs = 60_000) {
      if (running === undefined) throw new Error(`${name} is not running`);
      return running.client.call('Node', rpc, request, { deadlineMs });
    },
    paths: (volumeId) => layout.volume(volumeId),
    stagingPath: (volumeId) =>
      path.join(kubelet, 'plugins/kubernetes.io/csi', DRIVER, volumeId, 'globalmount'),
    targetPath: (volumeId, pod) =>
      path.join(kubelet, 'pods', pod, 'volumes/kubernetes.io~csi', volumeId, 'mount'),
    async stop() {
      await running?.stop();
      running = undefined;
    },
    async start() {
      running = await startService({ kubernetes, daemon, config, socketPath: csi });
    },
  };
}

interface Running {
  readonly client: TestClient;
  stop(): Promise<void>;
}

interface ServiceOptions {
  readonly kubernetes: FakeKubernetes;
  readonly daemon: Daemon;
  readonly config: NodeConfig;
  readonly socketPath: string;
}

async function startService({ kubernetes, daemon, config, socketPath }: ServiceOptions): Promise<Running> {
  const stop = new AbortController();
  const log = testLog(config.nodeName);
  const metrics = createMetrics();
  const service = runNode({
    config,
    store: await openStore(config.hostDataDir, config),
    kubernetes,
    syncthing: daemon.client,
    mounter: createMounter({ hostProc: '/proc', timeoutMs: 10_000 }),
    mountPoints: realMountPoints,
    ownNamespace: await readlink('/proc/self/ns/mnt'),
    syncFilesystems: (paths, signal) => syncFilesystems(paths, { signal, timeoutMs: 60_000 }),
    helpers: createHelpers({
      node: process.execPath,
      callerFile: path.resolve('src/node/main.ts'),
      timeoutMs: 60_000,
      log,
      metrics,
      env: { PATH: process.env['PATH'] ?? '' },
    }),
    scrubber: createScrubber({
      node: process.execPath,
      callerFile: path.resolve('src/node/main.ts'),
      log,
      env: { PATH: process.env['PATH'] ?? '' },
      syncthingSocket: daemon.socketPath,
      syncthingHome: daemon.home,
    }),
    clock: systemClock,
    log,
    metrics,
    version: '0.0.0',
    random: Math.random,
    signal: stop.signal,
  });
  const client = connect(socketPath);
  await untilServing(client);
  return {
    client,
    async stop() {
      client.close();
      stop.abort(new DOMException('stopped', 'AbortError'));
      await service;
    },
  };
}

async function untilServing(client: TestClient): Promise<void> {
  while ((await client.call('Identity', 'GetPluginInfo', {}, { deadlineMs: 1_000 })).kind !== 'ok') {
    await systemClock.sleep(50);
  }
}

/** What a test that failed left mounted would keep its directory from being removed. */
async function unmountAll(hostDataDir: string): Promise<void> {
  const mounter = createMounter({ hostProc: '/proc', timeoutMs: 10_000 });
  const mounts = await mounter.mountsOf(path.join(hostDataDir, 'volumes'));
  for (const { mountPoint } of mounts.toReversed()) await mounter.unmount(mountPoint, within().signal);
}

const CAPABILITY = { mount: {}, accessMode: { mode: 'SINGLE_NODE_MULTI_WRITER' } };

async function createVolume(
  client: TestClient,
  name: string,
  parameters: Readonly<Record<string, string>>,
): Promise<string> {
  for (;;) {
    const answer = await client.call(
      'Controller',
      'CreateVolume',
      { name, volumeCapabilities: [CAPABILITY], capacityRange: { requiredBytes: 1_000_000 }, parameters },
      { deadlineMs: 30_000 },
    );
    if (answer.kind === 'ok') return volumeIdIn(answer.response);
    // The sidecar repeats it until a data node has reported.
    if (![4, 8, 10, 14].includes(answer.code))
      throw new Error(`CreateVolume: ${answer.code} ${answer.message}`);
    await systemClock.sleep(200);
  }
}

function volumeIdIn(response: unknown): string {
  const volume: unknown = Reflect.get(Object(response), 'volume');
  return String(Reflect.get(Object(volume), 'volumeId'));
}
