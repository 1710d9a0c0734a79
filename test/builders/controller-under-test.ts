/** The reconciling controller and its CSI calls on a fake API server and a fake clock, with simulated nodes. */
import type { CreateVolumeRequest__Output } from '../../src/csi/gen/csi/v1/CreateVolumeRequest.ts';
import { assembleController, type ControllerParts } from '../../src/controller/assemble-controller.ts';
import { createVolume } from '../../src/controller/csi/create-volume.ts';
import { deleteVolume } from '../../src/controller/csi/delete-volume.ts';
import { parseVolumeId } from '../../src/desired/volume-id.ts';
import type { SyncthingVolume } from '../../src/desired/volume.ts';
import { defaultHandoffSettings, type HandoffSettings } from '../../src/handoff/settings.ts';
import type { Occurrence } from '../../src/kubernetes/event-recorder.ts';
import type { KubernetesClient } from '../../src/kubernetes/client.ts';
import { isKubernetesError } from '../../src/kubernetes/errors.ts';
import { createFakeKubernetes, type FakeKubernetes } from '../../src/kubernetes/fake.ts';
import {
  CLUSTER_NODES,
  PERSISTENT_VOLUMES,
  PODS,
  SYNCTHING_VOLUMES,
} from '../../src/kubernetes/resource-kind.ts';
import { createFakeClock, type FakeClock } from '../../src/runtime/fake-clock.ts';
import { silentLogger } from '../../src/runtime/logger.ts';
import type { WorkFailure } from '../../src/runtime/work-queue.ts';
import { NOW } from './volume-view.ts';
import { SimulatedCluster } from './simulated-cluster.ts';
import type { SimulatedNode } from './simulated-node.ts';

export const DRIVER = 'syncthing.example.com';
export const LABEL = `${DRIVER}/syncthing-storage`;
const never = new AbortController().signal;

export interface Call {
  readonly signal: AbortSignal;
  readonly deadlineMs: number;
  readonly log: typeof silentLogger;
}
export const call: Call = { signal: never, deadlineMs: Number.POSITIVE_INFINITY, log: silentLogger };

/** A request as csi-provisioner sends it for a claim `default/NAME`. */
export function createRequest(
  name: string,
  parameters: Readonly<Record<string, string>> = {},
): CreateVolumeRequest__Output {
  const claim = { 'csi.storage.k8s.io/pvc/namespace': 'default', 'csi.storage.k8s.io/pvc/name': name };
  return {
    name,
    capacityRange: { requiredBytes: '1073741824', limitBytes: '0' },
    volumeCapabilities: [
      {
        accessMode: { mode: 'SINGLE_NODE_MULTI_WRITER' },
        mount: { fsType: '', mountFlags: [], volumeMountGroup: '' },
        accessType: 'mount',
      },
    ],
    parameters: { ...claim, ...parameters },
    secrets: {},
    volumeContentSource: null,
    accessibilityRequirements: null,
    mutableParameters: {},
  };
}

export class ControllerUnderTest {
  readonly clock: FakeClock = createFakeClock(NOW);
  readonly kubernetes: FakeKubernetes = createFakeKubernetes({ clock: this.clock });
  readonly cluster: SimulatedCluster;
  readonly events: Occurrence[] = [];
  readonly failures: WorkFailure[] = [];
  #running:
    | { readonly stop: AbortController; readonly done: Promise<unknown>; readonly parts: ControllerParts }
    | undefined;

  readonly #client: KubernetesClient;
  /** Of the controller that is started next. */
  settings: HandoffSettings = defaultHandoffSettings;
  #isKilled = false;

  /** `client`: what the controller gets to see of the API server, for faults. */
  constructor(names: readonly string[], client: (fake: FakeKubernetes) => KubernetesClient = (fake) => fake) {
    this.#client = client(this.kubernetes);
    this.cluster = new SimulatedCluster({
      client: this.kubernetes,
      clock: this.clock,
      driverName: DRIVER,
      names,
    });
    for (const name of names) this.setNode(name);
  }

  setNode(name: string, given: { readonly labelled?: boolean; readonly outOfService?: boolean } = {}): void {
    const { labelled = true, outOfService = false } = given;
    this.kubernetes.seed(CLUSTER_NODES, {
      name,
      labels: labelled ? { [LABEL]: 'yes' } : {},
      spec: outOfService ? { taints: [{ key: 'node.kubernetes.io/out-of-service' }] } : {},
      status: { conditions: [{ type: 'Ready', status: 'True' }] },
    });
    this.node(name).isLabelled = labelled;
  }

  node(name: string): SimulatedNode {
    return this.cluster.node(name);
  }

  get parts(): ControllerParts {
    if (this.#running === undefined) throw new Error('the controller does not run');
    return this.#running.parts;
  }

  /** A controller process begins with nothing but what the API server has; it leads at once. */
  async start(): Promise<void> {
    const stop = new AbortController();
    const parts = assembleController({
      client: this.#client,
      clock: this.clock,
      log: silentLogger,
      events: { record: (occurrence) => void this.events.push(occurrence) },
      driverName: DRIVER,
      storageLabel: LABEL,
      random: () => 0.5,
      onFailure: (failure) => void this.failures.push(failure),
      settings: this.settings,
    });
    const done = Promise.all([parts.follow(stop.signal), parts.reconciler.run(stop.signal)]);
    this.#running = { stop, done, parts };
    for (let round = 0; round < 3; round += 1) await this.round();
  }

  /** The process ends at once, wherever it is. */
  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    running?.stop.abort();
    await running?.done;
  }

  /** The process dies where it is; the next round begins with a new one. */
  kill(): void {
    this.#running?.stop.abort();
    this.#isKilled = true;
  }

  /** A second passes: nodes act, the controller does what follows. */
  async round(ms = 1000): Promise<void> {
    if (this.#isKilled) {
      this.#isKilled = false;
      await this.stop();
      await this.start();
    }
    await this.cluster.step();
    await this.clock.advance(ms);
    await this.#running?.parts.reconciler.idle();
  }

  async until(condition: () => boolean | Promise<boolean>, rounds = 200): Promise<void> {
    for (let round = 0; round < rounds; round += 1) {
      if (await condition()) return;
      await this.round();
    }
    throw new Error(`waited ${rounds} rounds for ${condition.toString()}; ${await this.describe()}`);
  }

  async describe(): Promise<string> {
    const { items } = await this.kubernetes.list(SYNCTHING_VOLUMES, {}, { signal: never });
    const failures = this.failures.map(({ key, error }) => `${key}: ${String(error)}`).slice(-3);
    return JSON.stringify(
      { volumes: items.map(({ spec, status }) => ({ spec, status })), failures },
      null,
      1,
    );
  }

  async createVolume(name: string, parameters: Readonly<Record<string, string>> = {}): Promise<string> {
    const { volume } = await createVolume(this.parts.context, createRequest(name, parameters), call);
    const volumeId = volume?.volumeId ?? '';
    this.kubernetes.seed(PERSISTENT_VOLUMES, {
      name,
      spec: { csi: { driver: DRIVER, volumeHandle: volumeId }, claimRef: { namespace: 'default', name } },
    });
    return volumeId;
  }

  async deleteVolume(volumeId: string): Promise<void> {
    await deleteVolume(this.parts.context, { volumeId, secrets: {} }, call);
  }

  /** The volume as the API server has it. */
  async volume(volumeId: string): Promise<SyncthingVolume> {
    return this.kubernetes.get(SYNCTHING_VOLUMES, parseVolumeId(volumeId)?.name ?? '', { signal: never });
  }

  async isGone(volumeId: string): Promise<boolean> {
    try {
      await this.volume(volumeId);
      return false;
    } catch (error) {
      if (isKubernetesError(error, 'not-found')) return true;
      throw error;
    }
  }

  /** A pod on that node that uses the claim the volume was made for, and the driver's stage call for it. */
  async startPod(name: string, volumeId: string, purpose: 'write' | 'read' = 'write'): Promise<void> {
    const { spec } = await this.volume(volumeId);
    const claimName = spec.claim?.name ?? '';
    const volumes = [{ name: 'data', persistentVolumeClaim: { claimName } }];
    this.kubernetes.seed(PODS, {
      name: `${claimName}-${name}`,
      namespace: 'default',
      spec: { nodeName: name, volumes },
      status: { phase: 'Pending' },
    });
    this.node(name).startPod(parseVolumeId(volumeId)?.name ?? '', volumeId, purpose);
  }

  async stopPod(name: string, volumeId: string): Promise<void> {
    const { spec } = await this.volume(volumeId);
    this.kubernetes.vanish(PODS, `${spec.claim?.name}-${name}`, 'default');
    this.node(name).stopPod(volumeId);
  }
}
