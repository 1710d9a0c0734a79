/** CSI calls in any order, their retries and duplicates, and the pods that live on them (docs/handoff.md rules 7 to 14). */
import { takeGrant, type DiskState } from '../../src/handoff/disk-state.ts';
import { holdsGrant, isStaged, leftoverMounts, offeredEpoch } from '../../src/handoff/session.ts';
import { count } from './counts.ts';
import { DIRECTORY, ROOT } from './disk.ts';
import { typeOf } from './global-entry.ts';
import { reaches } from './reaches.ts';
import { contentsOf, unreadable } from './ledger.ts';
import { isGoing, podMounts, type Driver, type ModelNode } from './model-node.ts';
import { violation } from './violation.ts';
import { timestamp, type World } from './world.ts';

export const WANTED_GRACE_MS = 150_000;

/** A call that needs the volume says so, and says so for a while after it failed (src/node/wanted.ts). */
function ask(world: World, driver: Driver): void {
  const since =
    driver.wanted !== undefined && driver.wanted.until > world.now ? driver.wanted.since : timestamp(world);
  driver.wanted = { since, until: world.now + WANTED_GRACE_MS };
}

/** src/node/take-session.ts: state.json first, then the live grant; `isCutShort`: the process dies in between. */
function takeSession(world: World, node: ModelNode, isCutShort: boolean): boolean {
  const { disk } = node;
  const order = node.driver?.order?.spec;
  if (order === undefined || disk.state === undefined || isGoing(node)) return false;
  const offer = offeredEpoch(order, disk.state);
  count(world.counts, `offer: ${offer.kind}`);
  if (offer.kind !== 'offered' || !clearsMounts(world, node, disk.state, offer.epoch)) return false;
  const isTaken = takes(world, node, disk.state, offer.epoch);
  return isTaken && !isCutShort && confirms(world, node, offer.epoch);
}

/** False also where the folder is to get its type first. */
function takes(world: World, node: ModelNode, state: DiskState, epoch: number): boolean {
  const taken = takeGrant(state, epoch, {
    isSwitched: typeOf(node.disk) === 'sendreceive',
    isFirst: node.driver?.order?.spec.base.kind === 'empty',
  });
  count(world.counts, `session: ${taken.kind}`);
  if (taken.kind === 'refused' || lacksData(node)) return false;
  node.disk.state = taken.state;
  return taken.kind === 'taken';
}

function clearsMounts(world: World, node: ModelNode, state: DiskState, epoch: number): boolean {
  if (leftoverMounts(state, epoch, podMounts(node)).length > 0) {
    count(world.counts, 'session: still mounted');
    return false;
  }
  if (state.phase.kind !== 'writer' || state.phase.epoch !== epoch) node.staging = undefined;
  return true;
}

function lacksData({ driver, disk }: ModelNode): boolean {
  return driver?.order?.spec.base.kind !== 'empty' && disk.tree === undefined;
}

/** The live look at the grant, and `data/` for the first writer. */
function confirms(world: World, node: ModelNode, epoch: number): boolean {
  if (!reaches(world, node)) return false;
  if (!holds(world, node, epoch)) {
    count(world.counts, 'session: grant taken back');
    return false;
  }
  if (world.api.volume?.status.base.kind === 'empty') node.disk.tree ??= new Map([[ROOT, DIRECTORY]]);
  return true;
}

function holds({ api }: World, { name, disk }: ModelNode, epoch: number): boolean {
  return api.volume !== undefined && holdsGrant(api.volume, { node: name, storeId: disk.storeId }, epoch);
}

export type CallFault = 'none' | 'lost-answer' | 'killed';

export function dies(node: ModelNode, fault: CallFault): void {
  if (fault === 'killed') node.driver = undefined;
}

/** The process that a call of the kubelet comes to, where both are there. */
export function called({ isOn, hasKubelet, driver }: ModelNode): Driver | undefined {
  return isOn && hasKubelet ? driver : undefined;
}

/** NodeStageVolume. */
export function stage(world: World, node: ModelNode, fault: CallFault): boolean {
  const driver = called(node);
  if (driver === undefined) return false;
  if (isInPlace(node, driver)) return true;
  if (!reaches(world, node) || !isUsable(world)) return false;
  ask(world, driver);
  const isOpen = takeSession(world, node, fault === 'killed');
  if (isOpen) mountStaging(world, node, driver);
  dies(node, fault);
  return isOpen && fault === 'none';
}

function isInPlace({ disk: { state }, staging }: ModelNode, { order, knowsOrders }: Driver): boolean {
  return isStaged({ state, order: order?.spec, knowsOrders, isMounted: staging !== undefined });
}

export function isUsable({ api: { volume } }: World): boolean {
  return volume !== undefined && volume.spec.deletion === undefined;
}

function mountStaging(world: World, node: ModelNode, driver: Driver): void {
  const phase = node.disk.state?.phase;
  if (phase?.kind !== 'writer') return;
  node.staging = phase.epoch;
  driver.record.stagedAt = world.now;
  driver.wanted = undefined;
  count(world.counts, 'call: staged');
}

/** NodePublishVolume for one pod. */
export function publish(world: World, node: ModelNode, name: string, fault: CallFault): void {
  const pod = node.pods.get(name);
  const driver = called(node);
  if (pod === undefined || driver === undefined) return;
  if (pod.mount !== undefined) {
    delete driver.record.stagedAt;
    start(pod);
    return;
  }
  if (!stage(world, node, 'none') || !joinSession(world, node, fault)) {
    dies(node, fault);
    return;
  }
  delete driver.record.stagedAt;
  mount(world, node, name);
  if (fault === 'none') start(pod);
  dies(node, fault);
}

export function start(pod: { phase: string }): void {
  if (pod.phase === 'starting') pod.phase = 'running';
}

/** The first pod opens a session of its own, a further one joins it. */
function joinSession(world: World, node: ModelNode, fault: CallFault): boolean {
  if (podMounts(node).length === 0) return takeSession(world, node, fault === 'killed');
  const phase = node.disk.state?.phase;
  if (isGoing(node)) return false;
  return reaches(world, node) && phase?.kind === 'writer' && holds(world, node, phase.epoch);
}

function mount(world: World, node: ModelNode, name: string): void {
  const { disk } = node;
  const pod = node.pods.get(name);
  if (pod === undefined || disk.state?.phase.kind !== 'writer') return;
  const { epoch, session } = disk.state.phase;
  const expected = contentsOf(disk.tree);
  pod.mount = { epoch, expected };
  node.left = undefined;
  count(world.counts, session === 1 ? 'mount: first session' : 'mount: further session');
  if (world.ledger.lostEpochs.size > 0) count(world.counts, 'mount: after a failover');
  checkMount(world, node, epoch, expected);
}

/** What a pod finds is what was acknowledged, or what was written later. */
export function checkMount(
  world: World,
  node: ModelNode,
  epoch: number,
  expected: ReadonlyMap<string, number>,
): void {
  if (world.ledger.isAmbiguous) return;
  const wrong = unreadable(world.ledger, expected);
  if (wrong.length > 0)
    throw violation(
      'what was acknowledged is not there',
      `${node.name}, epoch ${epoch}: ${wrong.join('; ')}`,
    );
  const foreign = [...expected.values()].filter((content) => world.ledger.fenced.has(content));
  if (foreign.length > 0) throw violation('a fenced write is read', `${node.name}: ${foreign.join()}`);
}

/** NodeUnpublishVolume; the pod's containers have ended, or are gone with their node. */
export function unpublish(world: World, node: ModelNode, name: string, fault: CallFault): void {
  const pod = node.pods.get(name);
  const driver = called(node);
  if (pod === undefined || driver === undefined) return;
  driver.wanted = undefined;
  driver.wantedToRead = undefined;
  if (pod.mount?.reading === undefined) node.left = pod.mount;
  pod.mount = undefined;
  pod.phase = 'ending';
  delete driver.record.stagedAt;
  count(world.counts, 'call: unpublished');
  if (fault === 'none') node.pods.delete(name);
  dies(node, fault);
}

/** NodeUnstageVolume: unmounts, and is answered when the flush has ended; the kubelet may never call it. */
export function unstage(world: World, node: ModelNode, fault: CallFault): void {
  const driver = called(node);
  if (driver === undefined || podMounts(node).length > 0) return;
  if (node.staging !== undefined) count(world.counts, 'call: unstaged');
  driver.wanted = undefined;
  driver.wantedToRead = undefined;
  node.staging = undefined;
  delete driver.record.stagedAt;
  dies(node, fault);
}
