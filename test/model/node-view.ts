/** The view that a helper gets (src/node/round-view.ts), and what of the daemon it observes. */
import type { NodeView, ReplicaOrder } from '../../src/desired/node-view.ts';
import type { SyncthingNodeSpec } from '../../src/desired/node.ts';
import type { ReplicaRemoval, SyncthingReplica } from '../../src/desired/replica.ts';
import { isScanMade } from '../../src/node/peers-go.ts';
import { nodeView } from '../builders/node-view.ts';
import { podMounts, type HelperName, type ModelNode } from './model-node.ts';
import { FOLDER, LABEL, type World } from './world.ts';

export function isMounted(node: ModelNode): boolean {
  return node.staging !== undefined || podMounts(node).length > 0;
}

/** Undefined where the view cannot be made: the driver is not there, or its watches have brought nothing yet. */
export function helperView(world: World, node: ModelNode, helper: HelperName): NodeView | undefined {
  const { driver, disk } = node;
  if (driver === undefined || !driver.knowsOrders) return undefined;
  const { order, self } = driver;
  const { removal, tombstones } = confirmed(world, node, helper);
  dropStaging(node, tombstones);
  return nodeView({
    node: node.name,
    storeId: disk.storeId,
    storageLabel: LABEL,
    replicas: order === undefined ? [] : [orderOf(order, removal)],
    states: disk.state === undefined ? {} : { [FOLDER]: disk.state },
    mounted: isMounted(node) ? [FOLDER] : [],
    scanned: isScanMade(driver.record, order?.generation) ? [FOLDER] : [],
    confirmedTombstones: tombstones,
    ...(self !== undefined && self.generation > 1 && { order: self.spec }),
  });
}

interface Confirmed {
  readonly removal: ReplicaRemoval | undefined;
  readonly tombstones: SyncthingNodeSpec['tombstones'];
}

/** What orders bytes to go is read live, and for the deleter alone. */
function confirmed(world: World, node: ModelNode, helper: HelperName): Confirmed {
  if (!world.isApiUp || !node.hasApi || helper !== 'deleter') return { removal: undefined, tombstones: [] };
  return {
    removal: world.api.replicas.get(node.name)?.spec.removal,
    tombstones: world.api.nodes.get(node.name)?.spec.tombstones ?? [],
  };
}

/** src/node/drop-staging.ts */
function dropStaging(node: ModelNode, tombstones: SyncthingNodeSpec['tombstones']): void {
  const isBuried = tombstones.some(({ storeId }) => storeId === node.disk.storeId);
  if (isBuried && node.driver?.order === undefined && podMounts(node).length === 0) node.staging = undefined;
}

/** Bytes go only by an order that was read live just before. */
function orderOf(
  { name, uid, generation, spec }: SyncthingReplica,
  live: ReplicaRemoval | undefined,
): ReplicaOrder {
  const removalConfirmed = spec.removal !== undefined && live === spec.removal;
  return { name, uid, generation, spec, removalConfirmed };
}
