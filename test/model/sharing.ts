/** Calls of the kubelet for a volume that many write (handoff rule 37; src/node/take-writing.ts). */
import {
  holdsWriting,
  isWriteStaged,
  isWriting,
  offeredWriting,
  takeWriting,
} from '../../src/handoff/writing.ts';
import type { DiskState } from '../../src/handoff/disk-state.ts';
import { count } from './counts.ts';
import { DIRECTORY, ROOT } from './disk.ts';
import { typeOf } from './global-entry.ts';
import { called, dies, isUsable, start, WANTED_GRACE_MS, type CallFault } from './kubelet.ts';
import { contentsOf } from './ledger.ts';
import { isGoing, podMounts, type Driver, type ModelNode } from './model-node.ts';
import { reaches } from './reaches.ts';
import { timestamp, type World } from './world.ts';

function ask(world: World, driver: Driver): void {
  const { wanted } = driver;
  const since = wanted !== undefined && wanted.until > world.now ? wanted.since : timestamp(world);
  driver.wanted = { since, until: world.now + WANTED_GRACE_MS };
}

interface Taking {
  readonly isNewSession: boolean;
  /** The process dies after state.json says so. */
  readonly isCutShort: boolean;
}

/** state.json first, then the live volume, then the folder's type; what was taken is `since`. */
function take(world: World, node: ModelNode, taking: Taking): string | undefined {
  const { disk, driver } = node;
  const order = driver?.order?.spec;
  if (order === undefined || disk.state === undefined) return undefined;
  const since = offeredWriting(order, disk.state)?.since;
  if (since === undefined || !takes(world, node, { ...taking, since, state: disk.state })) return undefined;
  return !taking.isCutShort && confirms(world, node, since) ? since : undefined;
}

interface Offered extends Taking {
  readonly since: string;
  readonly state: DiskState;
}

function takes(world: World, node: ModelNode, { since, state, isNewSession }: Offered): boolean {
  const taken = takeWriting(state, since);
  count(world.counts, `writing: ${taken.kind}`);
  if (taken.kind === 'refused' || isGoing(node)) return false;
  const begun = isWriting(state);
  if (!begun && !begins(node)) return false;
  if (!begun || isNewSession) node.disk.state = taken.state;
  return true;
}

function begins(node: ModelNode): boolean {
  const { disk, driver } = node;
  if (podMounts(node).length > 0) return false;
  if (driver?.order?.spec.base.kind !== 'empty' && disk.tree === undefined) return false;
  node.staging = undefined;
  return true;
}

function confirms(world: World, node: ModelNode, since: string): boolean {
  const { volume } = world.api;
  const { disk } = node;
  if (!reaches(world, node) || volume === undefined) return false;
  if (!holdsWriting(volume, { node: node.name, storeId: disk.storeId }, since)) {
    count(world.counts, 'writing: taken back');
    return false;
  }
  if (volume.status.base.kind === 'empty') disk.tree ??= new Map([[ROOT, DIRECTORY]]);
  const isSwitched = node.daemon.isOn && typeOf(disk) === 'sendreceive';
  if (!isSwitched) count(world.counts, 'writing: not switched yet');
  return isSwitched && disk.tree !== undefined;
}

/** NodeStageVolume. */
export function stageShared(world: World, node: ModelNode, fault: CallFault): boolean {
  const driver = called(node);
  if (driver === undefined) return false;
  const { order, knowsOrders } = driver;
  const found = { state: node.disk.state, order: order?.spec, knowsOrders };
  if (isWriteStaged({ ...found, isMounted: node.staging !== undefined })) return true;
  if (!reaches(world, node) || !isUsable(world)) return false;
  ask(world, driver);
  const isOpen = take(world, node, { isNewSession: false, isCutShort: fault === 'killed' }) !== undefined;
  if (isOpen) {
    node.staging = 0;
    driver.record.stagedAt = world.now;
    driver.wanted = undefined;
    count(world.counts, 'call: staged to share');
  }
  dies(node, fault);
  return isOpen && fault === 'none';
}

/** NodePublishVolume for one pod. */
export function publishShared(world: World, node: ModelNode, name: string, fault: CallFault): void {
  const pod = node.pods.get(name);
  const driver = called(node);
  if (pod === undefined || driver === undefined) return;
  if (pod.mount !== undefined) {
    delete driver.record.stagedAt;
    start(pod);
    return;
  }
  const isStaged = stageShared(world, node, 'none');
  const since = isStaged
    ? take(world, node, { isNewSession: true, isCutShort: fault === 'killed' })
    : undefined;
  if (since !== undefined) {
    delete driver.record.stagedAt;
    pod.mount = { epoch: 0, expected: contentsOf(node.disk.tree), sharing: since };
    count(world.counts, 'mount: shared');
    if (isBesideOthers(world, node)) count(world.counts, 'mount: shared beside another');
    if (fault === 'none') start(pod);
  }
  dies(node, fault);
}

function isBesideOthers({ nodes }: World, node: ModelNode): boolean {
  return nodes.some((other) => other !== node && podMounts(other).length > 0);
}
