import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { CallContext } from '../../src/csi/rpc.ts';
import type { SyncthingReplicaSpec } from '../../src/desired/replica.ts';
import { volumeIdOf } from '../../src/desired/volume-id.ts';
import type {
  SyncthingVolume,
  SyncthingVolumeSpec,
  SyncthingVolumeStatus,
} from '../../src/desired/volume.ts';
import { defaultHandoffSettings } from '../../src/handoff/settings.ts';
import { createFakeKubernetes, type FakeKubernetes } from '../../src/kubernetes/fake.ts';
import { SYNCTHING_VOLUMES } from '../../src/kubernetes/resource-kind.ts';
import { createFakeMounter, type FakeMounter } from '../../src/mount/fake-mounter.ts';
import { defaultNodeTimes, type NodeContext } from '../../src/node/context.ts';
import { createDiskStates } from '../../src/node/disk-state-file.ts';
import { realMountPoints } from '../../src/node/mount-points.ts';
import { createScrubRecords } from '../../src/node/scrub-records.ts';
import { openStore } from '../../src/node/store.ts';
import { createSyncthingHealth } from '../../src/node/syncthing-health.ts';
import { createVolumeMutex } from '../../src/node/volume-mutex.ts';
import { createVolumes } from '../../src/node/volumes.ts';
import { createWantedVolumes } from '../../src/node/wanted.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { silentLogger } from '../../src/runtime/logger.ts';
import { connectSyncthing } from '../../src/syncthing/connect-syncthing.ts';
import type { FolderConfig } from '../../src/syncthing/config-schema.ts';
import { folderConfig } from '../../src/syncthing/folder-config.ts';

export const NODE = 'n1';

/** One node's service without its background: a real directory, fakes of mounts and of the API server. */
export interface NodeUnderTest extends Disposable {
  readonly ctx: NodeContext;
  readonly kubernetes: FakeKubernetes;
  readonly mounter: FakeMounter;
  readonly kubeletDir: string;
  /** What a crash leaves: the disk, the mounts and the API server. */
  restarted(): Promise<NodeUnderTest>;
}

interface Survives {
  readonly directory: string;
  readonly kubernetes: FakeKubernetes;
  readonly mounter: FakeMounter;
  /** Its watches have brought every order. */
  readonly knowsOrders: boolean;
}

export async function createNodeUnderTest(): Promise<NodeUnderTest> {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'node-'));
  mkdirSync(path.join(directory, 'kubelet'));
  const kubernetes = createFakeKubernetes({ clock: systemClock });
  return build({ directory, kubernetes, mounter: createFakeMounter(), knowsOrders: true });
}

/** The same node, whose calls wait for what a test brings meanwhile; otherwise they soon say what is missing. */
export function patient(node: NodeUnderTest): NodeUnderTest {
  const waits = { stageWaitMs: 5_000, blockedWaitMs: 5_000, detachWaitMs: 5_000, unstageWaitMs: 5_000 };
  return { ...node, ctx: { ...node.ctx, settings: { ...node.ctx.settings, ...waits } } };
}

async function build(survives: Survives): Promise<NodeUnderTest> {
  const { directory, kubernetes, mounter } = survives;
  const kubeletDir = path.join(directory, 'kubelet');
  const store = await openStore(path.join(directory, 'data'), { driverName: 'd.test', namespace: 'ns' });
  const socketPath = path.join(directory, 'nobody.sock');
  const syncthing = {
    ...connectSyncthing({ socketPath, apiKey: 'none' }),
    folder: writersFolder,
    configSettled: () => Promise.resolve(),
  };
  const shared = { clock: systemClock, log: silentLogger };
  const ctx: NodeContext = {
    ...shared,
    node: NODE,
    driverName: 'd.test',
    kubeletDir,
    store,
    states: createDiskStates(store.layout, store.storeId),
    scrubs: createScrubRecords(store.layout),
    events: { record: () => undefined },
    volumes: createVolumes(systemClock),
    mutex: createVolumeMutex(),
    wanted: createWantedVolumes(systemClock),
    mounter,
    mountPoints: realMountPoints,
    ownNamespace: 'mnt:[1]',
    kubernetes,
    syncthing,
    health: createSyncthingHealth({ ...shared, client: syncthing, socketPath, node: NODE }),
    settings: {
      ...defaultNodeTimes,
      handoff: defaultHandoffSettings,
      stageWaitMs: 40,
      blockedWaitMs: 20,
      detachWaitMs: 40,
      unstageWaitMs: 40,
    },
    knowsOrders: () => survives.knowsOrders,
    syncFilesystems: () => Promise.resolve(),
    wake: { volume: () => undefined, nodeReport: () => undefined, round: () => setImmediate(endRound) },
  };
  function endRound(): void {
    for (const folderId of ctx.volumes.ordered()) ctx.volumes.changed(folderId);
  }
  return {
    ctx,
    kubernetes,
    mounter,
    kubeletDir,
    restarted: () => build({ ...survives, knowsOrders: false }),
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** As the resharer leaves the folder of whoever takes a grant. */
function writersFolder(folderId: string): Promise<FolderConfig> {
  const path = `/data/volumes/${folderId}/sync`;
  return Promise.resolve(folderConfig({ folderId, label: folderId, path, type: 'sendreceive', peers: [] }));
}

export function callOf(deadlineMs = 60_000): CallContext {
  return { signal: AbortSignal.timeout(30_000), deadlineMs: Date.now() + deadlineMs, log: silentLogger };
}

export interface GivenVolume {
  readonly spec?: Partial<SyncthingVolumeSpec>;
  readonly status?: Partial<SyncthingVolumeStatus>;
}

const NAME = 'v-aaaaaaaaaaaaaaaa';
const EMPTY: SyncthingVolumeStatus = {
  epoch: 0,
  readers: [],
  published: [],
  writers: [],
  base: { kind: 'empty', epoch: 0, session: 0, holders: [] },
  stale: [],
  conditions: [],
};

/** The volume in the API server; seeded again it is changed. */
export function seedVolume({ kubernetes }: NodeUnderTest, given: GivenVolume = {}): SyncthingVolume {
  const spec = {
    requestName: 'pvc-1',
    capacityBytes: 1,
    access: 'exclusive',
    onDelete: 'delete',
    parameters: {},
    ...given.spec,
  };
  return kubernetes.seed(SYNCTHING_VOLUMES, { name: NAME, spec, status: { ...EMPTY, ...given.status } });
}

/** The controller's grant for this node, in the volume and in the order that the watch brings. */
export async function giveGrant(
  node: NodeUnderTest,
  epoch: number,
  given: GivenVolume = {},
): Promise<SyncthingVolume> {
  const { storeId } = node.ctx.store;
  const grant = { epoch, node: NODE, storeId, since: '2026-01-01T00:00:00.000Z' };
  const volume = seedVolume(node, { ...given, status: { epoch, grant, ...given.status } });
  await giveOrder(node, volume, { grant: volume.status.grant ?? grant });
  return volume;
}

/** The controller's right to read for this node, of a volume that was written. */
export async function giveReading(
  node: NodeUnderTest,
  since: string,
  given: GivenVolume = {},
): Promise<SyncthingVolume> {
  const reader = { node: NODE, storeId: node.ctx.store.storeId, since };
  const base = { kind: 'handoff', epoch: 1, session: 1, holders: [] } as const;
  const volume = seedVolume(node, {
    ...given,
    status: { epoch: 1, base, readers: [reader], ...given.status },
  });
  await giveOrder(node, volume, { type: 'receiveonly', reader });
  return volume;
}

/** The controller's right to write beside others for this node, of a volume that was written. */
export async function giveWriting(
  node: NodeUnderTest,
  since: string,
  given: GivenVolume = {},
): Promise<SyncthingVolume> {
  const writer = { node: NODE, storeId: node.ctx.store.storeId, since };
  const base = { kind: 'shared', epoch: 0, session: 0, holders: [] } as const;
  const volume = seedVolume(node, {
    spec: { access: 'eventual', ...given.spec },
    status: { base, writers: [writer], ...given.status },
  });
  await giveOrder(node, volume, { access: 'eventual', writer });
  return volume;
}

/** An order of the controller, its copy already begun: state.json and Syncthing's directory are there. */
export async function giveOrder(
  { ctx }: NodeUnderTest,
  { name, volumeId, uid, status }: SyncthingVolume,
  given: Partial<SyncthingReplicaSpec> = {},
): Promise<void> {
  const { directory, syncRoot } = ctx.store.layout.volume(volumeIdOf(name, uid));
  mkdirSync(directory, { recursive: true });
  if ((await ctx.states.read(volumeId)) === undefined) {
    const { storeId } = ctx.store;
    await ctx.states.write({
      volume: name,
      folderId: volumeId,
      storeId,
      highestEpoch: 0,
      phase: { kind: 'replica' },
    });
  }
  mkdirSync(syncRoot, { recursive: true });
  ctx.volumes.record(volumeId).order = {
    name: `${name}.${NODE}`,
    uid: 'uid',
    resourceVersion: '1',
    generation: 1,
    finalizers: [],
    spec: {
      volume: name,
      folderId: volumeId,
      node: NODE,
      label: 'label',
      role: 'data',
      epoch: status.epoch,
      type: 'sendreceive',
      peers: [],
      base: status.base,
      ...given,
    },
  };
  ctx.volumes.changed(volumeId);
}
