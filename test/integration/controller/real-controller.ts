/** The controller as it runs, its CSI socket included, on a real API server, with simulated nodes. */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { runController } from '../../../src/controller/run-controller.ts';
import { parseVolumeId } from '../../../src/desired/volume-id.ts';
import type { SyncthingVolume } from '../../../src/desired/volume.ts';
import { defaultHandoffSettings } from '../../../src/handoff/settings.ts';
import { connectKubernetes, type Connection } from '../../../src/kubernetes/connect-kubernetes.ts';
import { isKubernetesError } from '../../../src/kubernetes/errors.ts';
import { SYNCTHING_VOLUMES } from '../../../src/kubernetes/resource-kind.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { silentLogger } from '../../../src/runtime/logger.ts';
import { createRequest } from '../../builders/controller-under-test.ts';
import { SimulatedCluster } from '../../builders/simulated-cluster.ts';
import type { SimulatedNode } from '../../builders/simulated-node.ts';
import { connect, type Answer, type TestClient } from '../csi/client.ts';
import type { ApiServer } from '../kubernetes/api-server.ts';

export const DRIVER = 'syncthing.example.com';
const LABEL = `${DRIVER}/syncthing-storage`;
const NAMESPACE = 'syncthing-csi';
const WAIT_MS = 60_000;
const never = new AbortController().signal;

interface Running {
  readonly stop: AbortController;
  readonly done: Promise<void>;
  readonly csi: TestClient;
  readonly socketPath: string;
}

export class RealController {
  readonly cluster: SimulatedCluster;
  readonly #server: ApiServer;
  readonly #connection: Connection;
  readonly #directory = fs.mkdtempSync(path.join(os.tmpdir(), 'controller-'));
  /** Whether the controller that is started next serves ControllerPublishVolume. */
  attach = false;
  #running: Running | undefined;

  private constructor(server: ApiServer, connection: Connection, names: readonly string[]) {
    this.#server = server;
    this.#connection = connection;
    const { client } = connection;
    this.cluster = new SimulatedCluster({ client, clock: systemClock, driverName: DRIVER, names });
  }

  static async create(server: ApiServer, names: readonly string[]): Promise<RealController> {
    const connection = await connectKubernetes({
      namespace: NAMESPACE,
      kubeconfig: server.kubeconfig,
      environment: {},
      clock: systemClock,
      userAgent: 'test',
    });
    const made = new RealController(server, connection, names);
    for (const name of names) {
      await made.apply({ apiVersion: 'v1', kind: 'Node', metadata: { name, labels: { [LABEL]: 'yes' } } });
    }
    return made;
  }

  async apply(object: object): Promise<void> {
    await this.#server.kubectl(['apply', '-f', '-'], JSON.stringify(object));
  }

  kubectl(...args: readonly string[]): Promise<string> {
    return this.#server.kubectl(args);
  }

  label(node: string, isData: boolean): Promise<string> {
    this.node(node).isLabelled = isData;
    return this.kubectl('label', 'node', node, '--overwrite', isData ? `${LABEL}=yes` : `${LABEL}-`);
  }

  taint(node: string, isOutOfService: boolean): Promise<string> {
    const taint = 'node.kubernetes.io/out-of-service';
    return this.kubectl(
      'taint',
      'node',
      node,
      isOutOfService ? `${taint}=nodeshutdown:NoExecute` : `${taint}-`,
    );
  }

  node(name: string): SimulatedNode {
    return this.cluster.node(name);
  }

  async start(): Promise<void> {
    const stop = new AbortController();
    const socketPath = path.join(this.#directory, `${randomBytes(4).toString('hex')}.sock`);
    const done = runController({
      config: {
        driverName: DRIVER,
        storageLabel: LABEL,
        callDeadlineMs: 10_000,
        drainMs: 100,
        scrubIntervalMs: 0,
        podName: 'controller-0',
        failoverAfterMs: 300_000,
        attach: this.attach,
      },
      client: this.#connection.client,
      clock: systemClock,
      log: silentLogger,
      version: '0.0.0',
      socketPath,
      identity: randomBytes(4).toString('hex'),
      random: Math.random,
      signal: stop.signal,
      settings: {
        ...defaultHandoffSettings,
        heartbeatTimeoutMs: 3000,
        ownCopyAfterMs: 5000,
        attach: this.attach,
      },
    });
    await until('the CSI socket', async () => fs.existsSync(socketPath));
    this.#running = { stop, done, csi: connect(socketPath), socketPath };
    await this.until('the controller to be ready', async () => {
      const answer = await this.call('Identity', 'Probe', {});
      return answer.kind === 'ok' && JSON.stringify(answer.response).includes('true');
    });
  }

  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    running?.csi.close();
    running?.stop.abort();
    await running?.done;
  }

  async end(): Promise<void> {
    await this.stop();
    await this.#connection[Symbol.asyncDispose]();
    fs.rmSync(this.#directory, { recursive: true, force: true });
  }

  get socketPath(): string {
    if (this.#running === undefined) throw new Error('the controller does not run');
    return this.#running.socketPath;
  }

  call(service: 'Identity' | 'Controller', rpc: string, request: object): Promise<Answer> {
    if (this.#running === undefined) throw new Error('the controller does not run');
    return this.#running.csi.call(service, rpc, request);
  }

  /** Nodes act and daemons exchange between two looks. */
  until(what: string, condition: () => Promise<boolean>): Promise<void> {
    return until(what, async () => {
      await this.cluster.step();
      return condition();
    });
  }

  /** With a bound claim and its PersistentVolume, as the provisioner and Kubernetes leave them. */
  async createVolume(name: string): Promise<string> {
    const {
      volumeContentSource: _source,
      accessibilityRequirements: _topology,
      ...request
    } = createRequest(name);
    const answer = await this.call('Controller', 'CreateVolume', request);
    if (answer.kind !== 'ok') throw new Error(answer.message);
    const volumeId = String(Object(Object(answer.response).volume).volumeId);
    const size = { storage: '1Gi' };
    const claimRef = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: 'default', name };
    await this.apply({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name, namespace: 'default' },
      spec: {
        accessModes: ['ReadWriteOnce'],
        resources: { requests: size },
        storageClassName: '',
        volumeName: name,
      },
    });
    await this.apply({
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name },
      spec: {
        accessModes: ['ReadWriteOnce'],
        capacity: size,
        claimRef,
        csi: { driver: DRIVER, volumeHandle: volumeId },
      },
    });
    return volumeId;
  }

  async volume(volumeId: string): Promise<SyncthingVolume | undefined> {
    try {
      return await this.#connection.client.get(SYNCTHING_VOLUMES, parseVolumeId(volumeId)?.name ?? '', {
        signal: never,
      });
    } catch (error) {
      if (isKubernetesError(error, 'not-found')) return undefined;
      throw error;
    }
  }

  /** A pod that uses the claim, and the driver's stage call for it. */
  async startPod(node: string, volumeId: string): Promise<void> {
    const claimName = (await this.volume(volumeId))?.spec.claim?.name ?? '';
    await this.apply({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: `${claimName}-${node}`, namespace: 'default' },
      spec: {
        nodeName: node,
        automountServiceAccountToken: false,
        tolerations: [{ operator: 'Exists' }],
        containers: [{ name: 'main', image: 'none' }],
        volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }],
      },
    });
    this.node(node).startPod(parseVolumeId(volumeId)?.name ?? '', volumeId);
  }

  async stopPod(node: string, volumeId: string): Promise<void> {
    const claimName = (await this.volume(volumeId))?.spec.claim?.name ?? '';
    await this.kubectl(
      'delete',
      'pod',
      '-n',
      'default',
      `${claimName}-${node}`,
      '--force',
      '--grace-period=0',
    );
    this.node(node).stopPod(volumeId);
  }

  files(node: string, volumeId: string): readonly string[] {
    return [...this.node(node).syncthing.filesOf(volumeId)].sort();
  }
}

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + WAIT_MS;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`waited ${WAIT_MS} ms for ${what}`);
    await systemClock.sleep(50);
  }
}
