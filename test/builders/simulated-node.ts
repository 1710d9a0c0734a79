/**
 * A node as the controller sees it: reads its orders from the API, obeys them with the hand-off's own rules
 * (src/handoff/local.ts) on a simulated Syncthing, and reports. Nothing happens but in `step`.
 */
import type { SyncthingNode, SyncthingNodeStatus, Wanted } from '../../src/desired/node.ts';
import type { SyncthingReplica, SyncthingReplicaSpec } from '../../src/desired/replica.ts';
import type { Grant } from '../../src/desired/volume.ts';
import { newDiskState, takeGrant, type DiskState } from '../../src/handoff/disk-state.ts';
import { stateAfter } from './state-after.ts';
import { folderTypeOf } from '../../src/handoff/folder-type.ts';
import { planLocal, type LocalAction, type LocalScan, type LocalView } from '../../src/handoff/local.ts';
import { holdsReading, offeredReading, takeReading } from '../../src/handoff/reading.ts';
import { defaultHandoffSettings } from '../../src/handoff/settings.ts';
import type { KubernetesClient } from '../../src/kubernetes/client.ts';
import { isKubernetesError } from '../../src/kubernetes/errors.ts';
import { labelsOf } from '../../src/kubernetes/labels.ts';
import {
  SYNCTHING_NODES,
  SYNCTHING_REPLICAS,
  SYNCTHING_VOLUMES,
} from '../../src/kubernetes/resource-kind.ts';
import { replicaStatus } from '../../src/node/replica-status.ts';
import type { Clock } from '../../src/runtime/clock.ts';
import { SimulatedSyncthing } from './simulated-syncthing.ts';

export interface SimulatedNodeOptions {
  readonly name: string;
  readonly driverName: string;
  readonly client: KubernetesClient;
  readonly clock: Clock;
}

/** A pod wants, or has, the volume. */
interface Use {
  readonly wanted: Wanted;
  isMounted: boolean;
}

const never = new AbortController().signal;

export class SimulatedNode {
  readonly name: string;
  readonly syncthing: SimulatedSyncthing;
  storeId: string;
  freeBytes = 2 ** 40;
  isLabelled = true;
  /** Every mount, with what was there for the pod to read. */
  readonly mounts: { readonly epoch: number; readonly files: readonly string[] }[] = [];
  readonly archives = new Map<string, readonly string[]>();
  readonly #options: SimulatedNodeOptions;
  readonly #states = new Map<string, DiskState>();
  readonly #scans = new Map<string, LocalScan>();
  readonly #found = new Map<string, Map<number, readonly string[]>>();
  readonly #applied = new Map<string, { readonly generation: number; readonly epoch: number }>();
  readonly #removed = new Set<string>();
  readonly #since = new Map<string, string>();
  readonly #uses = new Map<string, Use>();
  readonly #tombstonesDone = new Set<string>();
  #orders = new Map<string, SyncthingReplica>();

  constructor(options: SimulatedNodeOptions) {
    this.#options = options;
    this.name = options.name;
    this.storeId = `store-${options.name}`;
    this.syncthing = new SimulatedSyncthing(options.name);
  }

  deviceOf = (node: string): string => `DEVICE-${node}`;

  /** A pod of this node begins to want the volume; it mounts it as soon as it may. */
  startPod(volumeName: string, volumeId: string, purpose: 'write' | 'read' = 'write'): void {
    const since = new Date(this.#options.clock.now()).toISOString();
    const reads = purpose === 'read' && { reads: true as const };
    this.#uses.set(volumeId, { wanted: { volume: volumeName, volumeId, since, ...reads }, isMounted: false });
  }
  stopPod(volumeId: string): void {
    this.#uses.delete(volumeId);
  }
  isMounted(volumeId: string): boolean {
    return this.#uses.get(volumeId)?.isMounted === true;
  }
  /** A pod of this node has the volume, or waits for it. */
  uses(volumeId: string): boolean {
    return this.#uses.has(volumeId);
  }
  /** What each scan of that session found, by its sequence; undefined where this node had no such session. */
  scanOf(
    volumeId: string,
    epoch: number,
    session: number,
  ): ReadonlyMap<number, readonly string[]> | undefined {
    return this.#found.get(`${volumeId} ${epoch} ${session}`);
  }
  /** Throws unless the pod may. */
  write(volumeId: string, file: string): void {
    if (!this.isMounted(volumeId) || this.#reads(volumeId))
      throw new Error(`${this.name} has not mounted ${volumeId}`);
    this.syncthing.filesOf(volumeId).add(file);
  }
  #reads(volumeId: string): boolean {
    return this.#uses.get(volumeId)?.wanted.reads === true;
  }
  stateOf(volumeId: string): DiskState | undefined {
    return this.#states.get(volumeId);
  }
  hasBytes(volumeId: string): boolean {
    return this.syncthing.files.has(volumeId);
  }
  /** Power fails: what is on the disk stays, processes and mounts go. */
  crash(): void {
    this.syncthing.isOn = false;
    this.#uses.clear();
    this.#scans.clear();
    this.#applied.clear();
  }
  boot(): void {
    this.syncthing.isOn = true;
  }

  /** Another disk under the same name: nothing of the old one is left. */
  replaceDisk(storeId: string): void {
    this.crash();
    this.storeId = storeId;
    this.syncthing.folders.clear();
    this.syncthing.files.clear();
    this.#states.clear();
    this.#removed.clear();
    this.boot();
  }

  /** One round: read, obey, report. Does nothing while the node is off. */
  async step(): Promise<void> {
    if (!this.syncthing.isOn) return;
    const self = await this.#self();
    this.syncthing.paused = self.spec.fenced;
    await this.#readOrders();
    this.#bury(self);
    for (const replica of this.#orders.values()) await this.#obey(replica);
    for (const replica of this.#orders.values()) await this.#report(replica);
    await this.#reportSelf(self);
  }

  async #self(): Promise<SyncthingNode> {
    const { client, driverName } = this.#options;
    try {
      return await client.get(SYNCTHING_NODES, this.name, { signal: never });
    } catch (error) {
      if (!isKubernetesError(error, 'not-found')) throw error;
      const spec = { fenced: [], devices: [], tombstones: [] };
      const labels = labelsOf(driverName, { node: this.name });
      return await client.create(SYNCTHING_NODES, { name: this.name, labels, spec }, { signal: never });
    }
  }

  async #readOrders(): Promise<void> {
    const { client } = this.#options;
    const { items } = await client.list(
      SYNCTHING_REPLICAS,
      { fields: { 'spec.node': this.name } },
      { signal: never },
    );
    const before = this.#orders;
    this.#orders = new Map(items.map((item) => [item.spec.folderId, item]));
    for (const folderId of before.keys()) {
      if (this.#orders.has(folderId)) continue;
      // Released: out of Syncthing, the bytes stay as they are.
      this.syncthing.folders.delete(folderId);
      this.#applied.delete(folderId);
      this.#removed.delete(folderId);
    }
  }

  #remove(folderId: string): void {
    this.syncthing.folders.delete(folderId);
    this.syncthing.files.delete(folderId);
    this.#states.delete(folderId);
    this.#scans.delete(folderId);
  }

  #bury(self: SyncthingNode): void {
    for (const { folderId, storeId } of self.spec.tombstones) {
      if (storeId !== this.storeId || this.isMounted(folderId) || this.#tombstonesDone.has(folderId))
        continue;
      this.#remove(folderId);
      this.#tombstonesDone.add(folderId);
    }
    for (const folderId of this.#tombstonesDone) {
      if (!self.spec.tombstones.some((tombstone) => tombstone.folderId === folderId))
        this.#tombstonesDone.delete(folderId);
    }
  }

  async #obey(replica: SyncthingReplica): Promise<void> {
    const { spec } = replica;
    const { folderId } = spec;
    if (spec.removal !== undefined) {
      if (this.isMounted(folderId) || this.#removed.has(folderId)) return;
      this.#remove(folderId);
      this.#removed.add(folderId);
      return;
    }
    this.#removed.delete(folderId);
    const state =
      this.#states.get(folderId) ?? newDiskState({ volume: spec.volume, folderId, storeId: this.storeId });
    this.#states.set(folderId, state);
    this.#configure(replica, state);
    await this.#mount(replica);
    for (let look = 0; look < 5; look += 1) {
      const actions = planLocal(this.#view(replica));
      if (actions.length === 0) break;
      for (const action of actions) this.#carryOut(folderId, action);
      this.#configure(replica, this.#stateOf(folderId));
    }
  }

  #stateOf(folderId: string): DiskState {
    const state = this.#states.get(folderId);
    if (state === undefined) throw new Error(`${this.name} has no state of ${folderId}`);
    return state;
  }

  #configure({ spec, generation }: SyncthingReplica, state: DiskState): void {
    const { folderId } = spec;
    if (state.phase.kind === 'rejoining' && state.phase.step === 'archiving') {
      this.syncthing.folders.delete(folderId);
      return;
    }
    this.syncthing.makeDirectory(folderId);
    const peers = spec.peers.map((peer) => peer.node);
    this.syncthing.configure(folderId, { type: folderTypeOf(state, spec), peers });
    this.#applied.set(folderId, { generation, epoch: spec.epoch });
  }

  async #mount({ spec }: SyncthingReplica): Promise<void> {
    const { folderId, grant } = spec;
    const use = this.#uses.get(folderId);
    const state = this.#stateOf(folderId);
    if (use === undefined || use.isMounted) return;
    if (use.wanted.reads === true) return this.#read(spec, use);
    if (grant === undefined || !this.#mayTake(spec, state, grant)) return;
    const isSwitched = this.syncthing.report(folderId, this.deviceOf)?.type === 'sendreceive';
    const taken = takeGrant(state, grant.epoch, { isSwitched, isFirst: spec.base.kind === 'empty' });
    if (taken.kind === 'refused') return;
    this.#states.set(folderId, taken.state);
    if (taken.kind === 'begun') return;
    use.isMounted = await this.#stillGranted(spec.volume, grant.epoch);
    const files = [...this.syncthing.filesOf(folderId)];
    if (use.isMounted) this.mounts.push({ epoch: grant.epoch, files });
  }

  async #read(spec: SyncthingReplicaSpec, use: Use): Promise<void> {
    const { name: node, storeId } = this;
    const state = this.#stateOf(spec.folderId);
    const since = offeredReading(spec, state)?.since;
    const taken = since === undefined ? undefined : takeReading(state, since);
    if (since === undefined || taken?.kind !== 'taken') return;
    this.#states.set(spec.folderId, taken.state);
    const volume = await this.#options.client.get(SYNCTHING_VOLUMES, spec.volume, { signal: never });
    use.isMounted = holdsReading(volume, { node, storeId }, since);
  }

  #mayTake({ rejoin }: SyncthingReplicaSpec, { rejoined: done }: DiskState, grant: Grant): boolean {
    const isStale = (done?.epoch ?? 0) < (rejoin?.epoch ?? 0);
    return !isStale && grant.node === this.name && grant.storeId === this.storeId;
  }

  async #stillGranted(volumeName: string, epoch: number): Promise<boolean> {
    const { spec, status } = await this.#options.client.get(SYNCTHING_VOLUMES, volumeName, { signal: never });
    return spec.deletion === undefined && status.grant?.epoch === epoch && status.grant.node === this.name;
  }

  #view({ spec }: SyncthingReplica): LocalView {
    const { folderId } = spec;
    const folder = this.syncthing.report(folderId, this.deviceOf);
    const scan = this.#scans.get(folderId);
    const files = this.syncthing.files.get(folderId)?.size ?? 0;
    return {
      node: this.name,
      state: this.#stateOf(folderId),
      order: spec,
      podMounts: this.isMounted(folderId) ? [`/pods/${folderId}`] : [],
      stagingMounts: [],
      ...(folder !== undefined && { folder }),
      ...(scan !== undefined && { scan }),
      changedSinceScan: scan === undefined || files > scan.sequence,
      isWanted: this.#uses.has(folderId),
      isWantedToRead: this.#reads(folderId),
      isAwaitingPublish: false,
      isPeerLeaving: false,
      now: this.#options.clock.now(),
      settings: { ...defaultHandoffSettings, scanIntervalMs: 0 },
    };
  }

  #scan(folderId: string, afterUnmount: boolean): void {
    const { phase } = this.#stateOf(folderId);
    if (phase.kind !== 'writer') return;
    this.syncthing.scan(folderId);
    const folder = this.syncthing.report(folderId, this.deviceOf);
    const now = this.#options.clock.now();
    const key = `${folderId} ${phase.epoch} ${phase.session}`;
    const found = this.#found.get(key) ?? new Map<number, readonly string[]>();
    this.#found.set(key, found.set(folder?.sequence ?? 0, [...this.syncthing.filesOf(folderId)]));
    this.#scans.set(folderId, {
      epoch: phase.epoch,
      session: phase.session,
      sequence: folder?.sequence ?? 0,
      startedAt: new Date(now).toISOString(),
      afterUnmount,
      proves: folder?.type === 'sendreceive' && folder.receiveOnlyItems === 0,
      finishedAt: now,
      durationMs: 0,
    });
  }

  #carryOut(folderId: string, action: LocalAction): void {
    const state = this.#stateOf(folderId);
    if (action.kind === 'scan') this.#scan(folderId, action.afterUnmount);
    else if (action.kind === 'archive-tree') this.#archive(folderId, state);
    else if (action.kind === 'finish-rejoin') this.#revert(folderId);
    this.#states.set(folderId, stateAfter(state, action));
  }

  #archive(folderId: string, { phase }: DiskState): void {
    if (phase.kind === 'rejoining') this.archives.set(phase.archive, [...this.syncthing.filesOf(folderId)]);
  }

  #revert(folderId: string): void {
    for (const file of this.syncthing.localChanges(folderId)) this.syncthing.filesOf(folderId).delete(file);
    this.syncthing.scan(folderId);
  }

  async #report(replica: SyncthingReplica): Promise<void> {
    const { folderId } = replica.spec;
    const state =
      this.#states.get(folderId) ??
      newDiskState({ volume: replica.spec.volume, folderId, storeId: this.storeId });
    this.#states.set(folderId, state);
    const view = this.#view(replica);
    const applied = this.#applied.get(folderId);
    const record = { removed: this.#removed.has(folderId), ...(applied !== undefined && { applied }) };
    const status = replicaStatus({ view, record, replica });
    const { writer } = status;
    const key = `${folderId} ${writer?.epoch} ${writer?.session} ${writer?.phase}`;
    const since = this.#since.get(key) ?? new Date(view.now).toISOString();
    this.#since.set(key, since);
    const report = writer === undefined ? status : { ...status, writer: { ...writer, since } };
    await this.#write(() =>
      this.#options.client.replaceStatus(
        SYNCTHING_REPLICAS,
        { name: replica.name, uid: replica.uid },
        report,
        { signal: never },
      ),
    );
  }

  async #reportSelf(self: SyncthingNode): Promise<void> {
    const { clock, client } = this.#options;
    const status: SyncthingNodeStatus = {
      deviceId: this.deviceOf(this.name),
      addresses: [`tcp://${this.name}:22000`],
      storeId: this.storeId,
      heartbeat: new Date(clock.now()).toISOString(),
      labelled: this.isLabelled,
      capacity: { totalBytes: 2 ** 41, freeBytes: this.freeBytes },
      wanted: [...this.#uses.values()].filter((use) => !use.isMounted).map((use) => this.#wanted(use)),
      fenced: this.syncthing.paused,
      tombstonesDone: [...this.#tombstonesDone],
      orphans: [...this.syncthing.files.keys()].filter((folderId) => !this.#orders.has(folderId)),
      syncthing: { ready: true, version: 'v2.1.3' },
    };
    await this.#write(() =>
      client.replaceStatus(SYNCTHING_NODES, { name: self.name, uid: self.uid }, status, { signal: never }),
    );
  }

  #wanted({ wanted }: Use): Wanted {
    const base = this.#orders.get(wanted.volumeId)?.spec.base;
    return { ...wanted, ...(base !== undefined && { base: { epoch: base.epoch, session: base.session } }) };
  }

  /** The resource went meanwhile: the next step sees it. */
  async #write(call: () => Promise<unknown>): Promise<void> {
    try {
      await call();
    } catch (error) {
      if (!isKubernetesError(error, 'not-found', 'conflict')) throw error;
    }
  }
}
