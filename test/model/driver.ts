/** The `node` process: what its watches bring, what it reports of itself, and its rounds of helpers. */
import type { Wanted } from '../../src/desired/node.ts';
import { writeNodeStatus } from './api.ts';
import { count } from './counts.ts';
import { reaches } from './reaches.ts';
import { runHelper } from './helpers.ts';
import { newDriver, type HelperName, type ModelNode } from './model-node.ts';
import { helperView } from './node-view.ts';
import { FOLDER, LABEL, timestamp, VOLUME, type World } from './world.ts';

/** Orders that are gone or made anew leave nothing of what was known (src/node/watches.ts). */
export function watchOrders(world: World, node: ModelNode): void {
  const { driver } = node;
  if (driver === undefined || !reaches(world, node)) return;
  const live = world.api.replicas.get(node.name);
  const order = live?.spec.folderId === FOLDER ? live : undefined;
  if (driver.order !== undefined && driver.order.uid !== order?.uid) {
    driver.record.removed = false;
    delete driver.record.applied;
  }
  driver.order = order;
  driver.self = world.api.nodes.get(node.name);
  driver.knowsOrders = true;
}

function wantedOf(world: World, node: ModelNode): readonly Wanted[] {
  const { driver } = node;
  const base = driver?.order?.spec.base;
  return [
    { asking: driver?.wanted, reads: false },
    { asking: driver?.wantedToRead, reads: true },
  ].flatMap(({ asking, reads }) =>
    asking === undefined || asking.until <= world.now
      ? []
      : [
          {
            volume: VOLUME,
            volumeId: FOLDER,
            since: asking.since,
            ...(reads && { reads: true as const }),
            ...(base !== undefined && { base: { epoch: base.epoch, session: base.session } }),
          },
        ],
  );
}

/** The heartbeat and all that goes with it. */
export function reportSelf(world: World, node: ModelNode): void {
  const { driver, disk } = node;
  if (driver === undefined || !reaches(world, node)) return;
  writeNodeStatus(world, node.name, {
    deviceId: disk.deviceId,
    addresses: [`tcp://${node.name}:22000`],
    storeId: disk.storeId,
    heartbeat: timestamp(world),
    labelled: world.api.clusterNodes.get(node.name)?.labels[LABEL] === 'yes',
    capacity: { totalBytes: 2 ** 41, freeBytes: 2 ** 40 },
    wanted: wantedOf(world, node),
    fenced: driver.fenced,
    tombstonesDone: driver.tombstonesDone,
    orphans: driver.order === undefined && disk.hasDirectory ? [FOLDER] : [],
    syncthing: { ready: node.daemon.isOn, version: world.isSyncthing1 ? 'v1.30.0' : 'v2.1.3' },
  });
}

/** Takes the view that a helper is to work on; what happens until it does, it does not see. */
export function viewForHelper(world: World, node: ModelNode, helper: HelperName): void {
  const { driver } = node;
  if (driver === undefined || !node.isOn) return;
  const view = helperView(world, node, helper);
  driver.round = view === undefined ? undefined : { helper, view };
}

export function runHelperPass(world: World, node: ModelNode): void {
  const round = node.driver?.round;
  if (node.driver === undefined || round === undefined || !node.isOn) return;
  node.driver.round = undefined;
  runHelper(world, node, round.helper, round.view);
}

/** What is lost is what only the process knew; what the node reported of its helpers stays in its status. */
export function killDriver(world: World, node: ModelNode): void {
  if (node.driver === undefined) return;
  count(world.counts, 'fault: driver killed');
  node.driver = undefined;
}

export function startDriver(world: World, node: ModelNode): void {
  if (node.driver !== undefined || !node.isOn) return;
  const driver = newDriver();
  const before = world.api.nodes.get(node.name)?.status;
  node.driver = { ...driver, fenced: before?.fenced ?? [], tombstonesDone: before?.tombstonesDone ?? [] };
}
