/** Pods that read beside others, by the names they have, and the calls of their kubelet (handoff rule 36). */
import type { DiskState } from '../../src/handoff/disk-state.ts';
import {
  NOTHING_TO_READ,
  isReadStaged,
  holdsReading,
  offeredReading,
  takeReading,
} from '../../src/handoff/reading.ts';
import { offeredEpoch } from '../../src/handoff/session.ts';
import { count } from './counts.ts';
import { checkMount, called, dies, isUsable, start, WANTED_GRACE_MS, type CallFault } from './kubelet.ts';
import { contentsOf } from './ledger.ts';
import { isGoing, podMounts, type Driver, type ModelNode } from './model-node.ts';
import { reaches } from './reaches.ts';
import { timestamp, type World } from './world.ts';

function ask(world: World, driver: Driver): void {
  const before = driver.wantedToRead;
  const since = before !== undefined && before.until > world.now ? before.since : timestamp(world);
  driver.wantedToRead = { since, until: world.now + WANTED_GRACE_MS };
}

/** src/node/take-reading.ts: state.json first, then the live volume; `isCutShort`: the process dies in between. */
function takesReading(world: World, node: ModelNode, isCutShort: boolean): string | undefined {
  const { disk } = node;
  const since = offeredTo(node);
  if (disk.state === undefined || since === undefined || isGoing(node)) return undefined;
  const taken = takeReading(disk.state, since);
  count(world.counts, `reading: ${taken.kind}`);
  if (taken.kind === 'refused' || !begins(node, taken.state)) return undefined;
  return !isCutShort && holds(world, node, since) ? since : undefined;
}

function offeredTo({ disk: { state }, driver }: ModelNode): string | undefined {
  const order = driver?.order?.spec;
  if (order === undefined || state === undefined) return undefined;
  if (offeredEpoch(order, state).kind === 'rejoin-first') return undefined;
  return offeredReading(order, state)?.since;
}

/** A right that is new here: nothing of before may be mounted. */
function begins(node: ModelNode, state: DiskState): boolean {
  const { disk } = node;
  if (state === disk.state) return true;
  if (podMounts(node).length > 0 || disk.tree === undefined) return false;
  node.staging = undefined;
  disk.state = state;
  return true;
}

function holds(world: World, node: ModelNode, since: string): boolean {
  const { volume } = world.api;
  if (!reaches(world, node) || volume === undefined) return false;
  const isHeld = holdsReading(volume, { node: node.name, storeId: node.disk.storeId }, since);
  if (!isHeld) count(world.counts, 'reading: taken back');
  return isHeld;
}

function isNothingToRead({ api: { volume } }: World): boolean {
  return volume?.status.base.kind === 'empty' && volume.status.grant === undefined;
}

/** NodeStageVolume with a reader's access mode. */
export function stageReader(world: World, node: ModelNode, fault: CallFault): boolean {
  const driver = called(node);
  if (driver === undefined) return false;
  const { order, knowsOrders } = driver;
  const isMounted = node.staging !== undefined;
  if (isReadStaged({ state: node.disk.state, order: order?.spec, knowsOrders, isMounted })) return true;
  if (!reaches(world, node) || !isUsable(world)) return false;
  if (isNothingToRead(world)) {
    count(world.counts, `call: ${NOTHING_TO_READ}`);
    return false;
  }
  ask(world, driver);
  const isOpen = takesReading(world, node, fault === 'killed') !== undefined;
  if (isOpen) {
    node.staging = 0;
    driver.record.stagedAt = world.now;
    driver.wantedToRead = undefined;
    count(world.counts, 'call: staged to read');
  }
  dies(node, fault);
  return isOpen && fault === 'none';
}

/** NodePublishVolume for one pod that reads. */
export function publishReader(world: World, node: ModelNode, name: string, fault: CallFault): void {
  const pod = node.pods.get(name);
  const driver = called(node);
  if (pod === undefined || driver === undefined) return;
  if (pod.mount !== undefined) {
    delete driver.record.stagedAt;
    start(pod);
    return;
  }
  const since = stageReader(world, node, 'none') ? takesReading(world, node, fault === 'killed') : undefined;
  if (since !== undefined) {
    delete driver.record.stagedAt;
    mount(world, node, { name, since });
    if (fault === 'none') start(pod);
  }
  dies(node, fault);
}

interface Reading {
  readonly name: string;
  readonly since: string;
}

/** What a reader finds is all that was acknowledged, as a writer would. */
function mount(world: World, node: ModelNode, { name, since }: Reading): void {
  const pod = node.pods.get(name);
  const epoch = world.api.volume?.status.base.epoch ?? 0;
  if (pod === undefined) return;
  const expected = contentsOf(node.disk.tree);
  pod.mount = { epoch, expected, reading: since };
  count(world.counts, 'mount: reader');
  const readers = world.nodes.filter((each) => [...each.pods.values()].some(isReading));
  if (readers.length > 1) count(world.counts, 'mount: reader beside another');
  checkMount(world, node, epoch, expected);
}

function isReading({ mount: mounted }: { readonly mount: ModelNode['left'] }): boolean {
  return mounted?.reading !== undefined;
}
