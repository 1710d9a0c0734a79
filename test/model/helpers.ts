/** The helpers' passes on one node, with the plans that they really make. */
import { fencedNodes, planIntroducer } from '../../src/introducer/plan.ts';
import {
  appliedOrders,
  planResharer,
  unscannedFolders,
  type ResharerAction,
} from '../../src/folders/plan.ts';
import { planDeleter, removalFacts, type DeleterAction } from '../../src/deleter/plan.ts';
import type { NodeView } from '../../src/desired/node-view.ts';
import type { DeviceConfig, FolderConfig } from '../../src/syncthing/config-schema.ts';
import { withDevice, withFolder, withoutDevice, withoutFolder } from '../builders/syncthing-model.ts';
import { count } from './counts.ts';
import { dropSessions } from './exchange.ts';
import { flaggedOf, folderOf, isParked, sharedWith } from './global-entry.ts';
import type { HelperName, ModelNode } from './model-node.ts';
import { scanFolder } from './scan.ts';
import { FOLDER, nextNumber, type World } from './world.ts';

/** Any change restarts the folder: it scans anew, and indexes of those it is not shared with are dropped. */
function putFolder(world: World, node: ModelNode, folder: FolderConfig): void {
  const { disk, daemon } = node;
  disk.config = withFolder(disk.config, folder);
  disk.hasDirectory = true;
  daemon.hasToScan = true;
  daemon.restarts += 1;
  disk.database ??= { indexId: nextNumber(world), sequence: 0, local: new Map(), remote: new Map() };
  const shared = sharedWith(disk);
  const remote = new Map([...disk.database.remote].filter(([device]) => shared.includes(device)));
  disk.database = { ...disk.database, remote };
  dropSessions(world, node);
}

/** Gone from the configuration, and with it from the database. */
export function takeOutFolder(world: World, { disk, daemon }: ModelNode): void {
  disk.config = withoutFolder(disk.config, FOLDER);
  disk.hadFolder ||= (disk.database?.sequence ?? 0) > 0;
  disk.isDoubled = false;
  disk.database = undefined;
  daemon.restarts += 1;
  for (const key of world.sent.keys()) if (key.includes(disk.deviceId)) world.sent.delete(key);
}

/**
 * Whom others share it with already and who had it before gets it wrong. A node that is cut off from the API server
 * goes by an order of before, which nobody can help; nor is it looked for in the first session of a volume, whose
 * copies list each other at once (src/desired/peers.ts).
 */
function addFolder(world: World, node: ModelNode, folder: FolderConfig): void {
  const { disk } = node;
  const isAwaited = world.nodes.some((other) => other !== node && isOfferedBy(world, other, node));
  if (isAwaited && disk.hadFolder) count(world.counts, 'syncthing: shared before the joiner had it');
  const isFirst = world.api.volume?.status.base.kind === 'empty';
  disk.isDoubled = world.isSyncthing1 && isAwaited && disk.hadFolder && !isFirst;
  putFolder(world, node, folder);
}

function isOfferedBy(world: World, other: ModelNode, { name, disk }: ModelNode): boolean {
  const isOrdered =
    world.api.replicas.get(other.name)?.spec.peers.some((peer) => peer.node === name) === true;
  return isOrdered && sharedWith(other.disk).includes(disk.deviceId);
}

function reshare(world: World, node: ModelNode, view: NodeView): void {
  const observed = () => ({
    ownDeviceId: node.disk.deviceId,
    deviceIds: node.disk.config.devices.map(({ deviceID }) => deviceID),
    folders: node.disk.config.folders,
  });
  for (const action of planResharer(view, observed())) {
    count(world.counts, `resharer: ${action.kind}`);
    if (action.kind === 'add') for (const { folder } of action.folders) addFolder(world, node, folder);
    else if (action.kind === 'put') put(world, node, action);
    else takeOutFolder(world, node);
  }
  for (const { generation, epoch } of appliedOrders(view, observed()))
    if (node.driver !== undefined) node.driver.record.applied = { generation, epoch };
  if (unscannedFolders(view, observed()).length > 0) noteUnscanned(node);
}

/** src/node/run-helper-turn.ts */
function noteUnscanned({ driver }: ModelNode): void {
  const generation = driver?.order?.generation;
  if (driver === undefined || generation === undefined || driver.record.peersGo?.generation === generation)
    return;
  driver.record.peersGo = { generation, isScanned: false };
}

function put(world: World, node: ModelNode, action: Extract<ResharerAction, { kind: 'put' }>): void {
  if (action.onlyClean === true && isUnclean(world, node)) count(world.counts, 'resharer: not clean');
  else putFolder(world, node, action.folder);
}

/** Asked after the scan that a restart brings with it. */
function isUnclean(world: World, node: ModelNode): boolean {
  if (node.daemon.hasToScan) scanFolder(world, node);
  return flaggedOf(node.disk).length > 0;
}

function putDevice(world: World, node: ModelNode, device: DeviceConfig): void {
  node.disk.config = withDevice(node.disk.config, device);
  const other = device.deviceID;
  for (const key of world.sent.keys()) {
    const ends = key.split('>');
    if (ends.includes(other) && ends.includes(node.disk.deviceId)) world.sent.delete(key);
  }
}

function introduce(world: World, node: ModelNode, view: NodeView): void {
  const { disk } = node;
  const observed = () => ({
    ownDeviceId: disk.deviceId,
    devices: disk.config.devices,
    folders: disk.config.folders,
    connectedTo: disk.config.connectedTo,
  });
  for (const action of planIntroducer(view, observed())) {
    count(world.counts, `introducer: ${action.kind}`);
    if (action.kind === 'put') for (const { device } of action.devices) putDevice(world, node, device);
    else if (action.kind === 'remove') disk.config = withoutDevice(disk.config, action.deviceId);
    else {
      const device = disk.config.devices.find(({ deviceID }) => deviceID === action.deviceId);
      if (device !== undefined) putDevice(world, node, { ...device, paused: true });
    }
  }
  if (node.driver !== undefined) node.driver.fenced = fencedNodes(view, observed());
}

function park(world: World, node: ModelNode): void {
  const { disk, daemon } = node;
  const folder = folderOf(disk);
  if (folder !== undefined) disk.config = withFolder(disk.config, { ...folder, paused: true });
  daemon.restarts += 1;
  dropSessions(world, node);
}

function discard(world: World, node: ModelNode, action: DeleterAction): void {
  const { disk } = node;
  if (action.kind === 'take-out') takeOutFolder(world, node);
  if (action.kind === 'park') park(world, node);
  if (action.kind !== 'discard') return;
  if (action.takeOut) takeOutFolder(world, node);
  if (action.move === undefined) return;
  if (disk.tree !== undefined) disk.trash.push(disk.tree);
  // They stay for a person, and the state.json of a copy that comes later says nothing of them.
  const archives = new Map(disk.archives);
  disk.archives.clear();
  for (const [archive, tree] of archives) disk.archives.set(`left-${world.steps}/${archive}`, tree);
  Object.assign(disk, {
    tree: undefined,
    durableTree: undefined,
    state: undefined,
    kept: [],
    hasDirectory: false,
  });
}

function removeWhatGoes(world: World, node: ModelNode, view: NodeView): void {
  const { disk, driver } = node;
  const observed = () => ({
    folderIds: disk.config.folders.map(({ id }) => id),
    pausedIds: isParked(disk) ? [FOLDER] : [],
    volumes: disk.hasDirectory || disk.state !== undefined ? [FOLDER] : [],
    trash: [],
    now: world.now,
  });
  for (const action of planDeleter(view, observed())) {
    count(world.counts, `deleter: ${action.kind}`);
    discard(world, node, action);
  }
  const facts = removalFacts(view, observed());
  if (driver === undefined) return;
  driver.record.removed = driver.order !== undefined && facts.removed.includes(driver.order.name);
  driver.tombstonesDone = facts.tombstonesDone;
}

const PASSES: Readonly<Record<HelperName, (world: World, node: ModelNode, view: NodeView) => void>> = {
  introducer: introduce,
  resharer: reshare,
  deleter: removeWhatGoes,
};

/** Does nothing while the daemon is away, as a pass fails that gets no answer. */
export function runHelper(world: World, node: ModelNode, helper: HelperName, view: NodeView): void {
  if (node.daemon.isOn) PASSES[helper](world, node, view);
}
