/** CSI calls in any order, their retries and duplicates, and the pods that live on them (docs/handoff.md rules 7 to 14). */
import { takeGrant } from '../../src/handoff/disk-state.ts';
import { count } from './counts.ts';
import { DIRECTORY, ROOT } from './disk.ts';
import { reaches } from './driver.ts';
import { contentsOf, unreadable } from './ledger.ts';
import { podMounts, type Driver, type ModelNode } from './model-node.ts';
import { violation } from './violation.ts';
import { timestamp, type World } from './world.ts';

const WANTED_GRACE_MS = 150_000;

/** A call that needs the volume says so, and says so for a while after it failed (src/node/wanted.ts). */
function ask(world: World, driver: Driver): void {
  const since =
    driver.wanted !== undefined && driver.wanted.until > world.now ? driver.wanted.since : timestamp(world);
  driver.wanted = { since, until: world.now + WANTED_GRACE_MS };
}

/** src/node/ensure-staged.ts, isStaged. */
function isStaged(node: ModelNode, driver: Driver): boolean {
  const phase = node.disk.state?.phase;
  if (phase?.kind !== 'writer' || node.staging === undefined) return false;
  const order = driver.order?.spec;
  return order === undefined || order.grant?.epoch === phase.epoch;
}

/** src/node/take-session.ts: state.json first, then the live grant; `isCutShort`: the process dies in between. */
function takeSession(world: World, node: ModelNode, isCutShort: boolean): boolean {
  const { driver, disk } = node;
  const order = driver?.order?.spec;
  if (driver === undefined || order === undefined || disk.state === undefined) return false;
  if (order.rejoin !== undefined && (disk.state.rejoined?.epoch ?? 0) < order.rejoin.epoch) return false;
  const { grant } = order;
  if (grant?.node !== node.name || grant.storeId !== disk.storeId) return false;
  const { phase } = disk.state;
  if (phase.kind !== 'writer' || phase.epoch !== grant.epoch) {
    if (podMounts(node).length > 0) {
      count(world.counts, 'session: still mounted');
      return false;
    }
    node.staging = undefined;
  }
  const taken = takeGrant(disk.state, grant.epoch);
  count(world.counts, `session: ${taken.kind}`);
  if (taken.kind === 'refused') return false;
  if (order.base.kind !== 'empty' && disk.tree === undefined) return false;
  disk.state = taken.state;
  if (isCutShort || !reaches(world, node)) return false;
  const live = world.api.volume;
  const isGranted =
    live?.spec.deletion === undefined &&
    live?.status.grant?.epoch === grant.epoch &&
    live.status.grant.node === node.name &&
    live.status.grant.storeId === disk.storeId;
  if (!isGranted || live === undefined) {
    count(world.counts, 'session: grant taken back');
    return false;
  }
  if (live.status.base.kind === 'empty') disk.tree ??= new Map([[ROOT, DIRECTORY]]);
  return true;
}

export type CallFault = 'none' | 'lost-answer' | 'killed';

function dies(node: ModelNode, fault: CallFault): void {
  if (fault === 'killed') node.driver = undefined;
}

/** NodeStageVolume. */
export function stage(world: World, node: ModelNode, fault: CallFault): boolean {
  const { driver } = node;
  if (!node.isOn || !node.hasKubelet || driver === undefined) return false;
  if (isStaged(node, driver)) return true;
  if (!reaches(world, node) || world.api.volume === undefined) return false;
  if (world.api.volume.spec.deletion !== undefined) return false;
  ask(world, driver);
  const isOpen = takeSession(world, node, fault === 'killed');
  const phase = node.disk.state?.phase;
  if (isOpen && phase?.kind === 'writer') {
    node.staging = phase.epoch;
    driver.record.stagedAt = world.now;
    driver.wanted = undefined;
    count(world.counts, 'call: staged');
  }
  dies(node, fault);
  return isOpen && fault === 'none';
}

/** NodePublishVolume for one pod. */
export function publish(world: World, node: ModelNode, name: string, fault: CallFault): void {
  const pod = node.pods.get(name);
  const { driver } = node;
  if (pod === undefined || !node.isOn || !node.hasKubelet || driver === undefined) return;
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

function start(pod: { phase: string }): void {
  if (pod.phase === 'starting') pod.phase = 'running';
}

/** The first pod opens a session of its own, a further one joins it. */
function joinSession(world: World, node: ModelNode, fault: CallFault): boolean {
  if (podMounts(node).length === 0) return takeSession(world, node, fault === 'killed');
  const phase = node.disk.state?.phase;
  const live = world.api.volume;
  return (
    reaches(world, node) &&
    phase?.kind === 'writer' &&
    live?.spec.deletion === undefined &&
    live?.status.grant?.epoch === phase.epoch &&
    live.status.grant.node === node.name
  );
}

function mount(world: World, node: ModelNode, name: string): void {
  const { disk } = node;
  const pod = node.pods.get(name);
  if (pod === undefined || disk.state?.phase.kind !== 'writer') return;
  const { epoch, session } = disk.state.phase;
  const expected = contentsOf(disk.tree);
  const wrong = unreadable(world.ledger, expected);
  if (wrong.length > 0)
    throw violation(
      'what was acknowledged is not there',
      `${node.name}, epoch ${epoch}: ${wrong.join('; ')}`,
    );
  const foreign = [...expected.values()].filter((content) => world.ledger.fenced.has(content));
  if (foreign.length > 0) throw violation('a fenced write is read', `${node.name}: ${foreign.join()}`);
  pod.mount = { epoch, expected };
  count(world.counts, session === 1 ? 'mount: first session' : 'mount: further session');
  if (world.ledger.lostEpochs.size > 0) count(world.counts, 'mount: after a failover');
}

/** NodeUnpublishVolume; the pod's containers have ended, or are gone with their node. */
export function unpublish(world: World, node: ModelNode, name: string, fault: CallFault): void {
  const pod = node.pods.get(name);
  const { driver } = node;
  if (pod === undefined || !node.isOn || !node.hasKubelet || driver === undefined) return;
  driver.wanted = undefined;
  pod.mount = undefined;
  pod.phase = 'ending';
  delete driver.record.stagedAt;
  count(world.counts, 'call: unpublished');
  if (fault === 'none') node.pods.delete(name);
  dies(node, fault);
}

/** NodeUnstageVolume: unmounts, and is answered when the flush has ended; the kubelet may never call it. */
export function unstage(world: World, node: ModelNode, fault: CallFault): void {
  const { driver } = node;
  if (!node.isOn || !node.hasKubelet || driver === undefined || podMounts(node).length > 0) return;
  if (node.staging !== undefined) count(world.counts, 'call: unstaged');
  driver.wanted = undefined;
  node.staging = undefined;
  delete driver.record.stagedAt;
  dies(node, fault);
}
