/** The leading controller, one write at a time (src/controller/reconcile-volume.ts); it may die between any two. */
import {
  grantedStatus,
  isGone,
  isStatusChanged,
  planOrders,
  planStatus,
  type Proposal,
} from '../../src/controller/plan-volume.ts';
import { nodeOrder } from '../../src/controller/plan-nodes.ts';
import { isEqual } from '../../src/controller/is-equal.ts';
import { placeCopies } from '../../src/desired/placement.ts';
import { withStatus } from '../../src/desired/volume-status.ts';
import type { SyncthingVolumeStatus } from '../../src/desired/volume.ts';
import { coverageOf, type Coverage } from '../../src/handoff/coverage.ts';
import { decideFailover } from '../../src/handoff/failover.ts';
import { decideFlush } from '../../src/handoff/flush.ts';
import { decideGrant, requestsFor } from '../../src/handoff/grant.ts';
import { isLost, lossOf, nodeLoss, type Loss } from '../../src/handoff/lost-writer.ts';
import { lostReaders } from '../../src/handoff/readers.ts';
import { lostWriters } from '../../src/handoff/writers.ts';
import { decideSharedFlushes } from '../../src/handoff/shared-flush.ts';
import { isAlive, type VolumeView } from '../../src/handoff/view.ts';
import { isStillSilent, writeNodeSpec, writeOrder, writeVolumeStatus } from './api.ts';
import { count } from './counts.ts';
import { noteWords } from './sharing-ledger.ts';
import { LABEL, nodeOf, SETTINGS, type Objects, type World } from './world.ts';

/** Its watches bring what there is of one kind, or of all. */
export function watch(world: World, kind?: keyof Objects): void {
  if (!world.isApiUp) return;
  const { cache } = world.controller;
  if (kind === undefined) Object.assign(cache, world.api);
  else Object.assign(cache, { [kind]: world.api[kind] });
}

export function controllerView(world: World): VolumeView | undefined {
  const { volume, replicas, nodes, clusterNodes } = world.controller.cache;
  if (volume === undefined) return undefined;
  return { volume, replicas, nodes, clusterNodes, now: world.now, settings: SETTINGS };
}

function placed(world: World, view: VolumeView): ReadonlySet<string> {
  const { nodes, clusterNodes } = world.controller.cache;
  return placeCopies({ nodes, clusterNodes, storageLabel: LABEL }, view.volume, view.replicas);
}

/** A conflict: everything is read anew. */
function again(world: World): void {
  count(world.counts, 'controller: conflict');
  forget(world);
  watch(world, 'volume');
  watch(world, 'replicas');
}

function forget(world: World): void {
  world.controller.status = undefined;
  world.controller.orders = [];
}

/** A person's word stands in the volume itself, whose compare-and-swap follows. */
function isStillLost(world: World, node: string, loss: Loss | undefined): boolean {
  if (loss === 'node') return isLost(world.api, node);
  return loss !== 'silent' || isStillSilent(world, node);
}

/** The live look before a failover (src/controller/confirm-loss.ts). */
function isLossConfirmed(world: World, view: VolumeView): boolean {
  const lost = view.volume.status.grant?.node;
  if (lost === undefined) return true;
  if (!isStillLost(world, lost, lossOf(view))) return false;
  const silent = [...view.replicas.keys()].filter((node) => node !== lost && !isAlive(view, node));
  const spoke = silent.filter((node) => !isStillSilent(world, node));
  world.controller.cache.nodes = new Map([
    ...world.controller.cache.nodes,
    ...spoke.flatMap((name) => {
      const live = world.api.nodes.get(name);
      return live === undefined ? [] : [[name, live] as const];
    }),
  ]);
  return spoke.length === 0;
}

function hasPod(world: World, name: string): boolean {
  return [...nodeOf(world, name).pods.values()].some((pod) => pod.isInApi);
}

/** src/controller/confirm-pods.ts */
function confirmPods(world: World, proposal: Proposal): Proposal | undefined {
  if (proposal.kind === 'give') return hasPod(world, proposal.grant.node) ? proposal : undefined;
  const readers = proposal.readers.filter(({ node }) => hasPod(world, node));
  if (proposal.kind === 'admit') return readers.length === 0 ? undefined : { kind: 'admit', readers };
  const writers = proposal.writers.filter(({ node }) => hasPod(world, node));
  return readers.length + writers.length === 0 ? undefined : { kind: 'share', writers, readers };
}

/** The rows of the decisions' tables that the plan was made of. */
function countDecisions({ counts }: World, view: VolumeView): void {
  count(counts, `failover: ${decideFailover(view).kind}`);
  const isShared = view.volume.spec.access === 'eventual';
  const flush = isShared ? decideSharedFlushes(view) : decideFlush(view, view.volume.status.proven);
  count(counts, `flush: ${flush.kind}`);
  count(counts, `decision: ${decideGrant(view).kind}`);
  for (const { node } of requestsFor(view)) {
    const replica = view.replicas.get(node.name);
    if (replica === undefined || view.volume.status.grant !== undefined) continue;
    const coverage = coverageOf(view, replica);
    count(counts, `coverage: ${rowOf(coverage, node.name)}`);
  }
}

function rowOf(coverage: Coverage, node: string): string {
  if (coverage.kind === 'covered') return coverage.by === node ? 'by itself' : 'by another';
  return coverage.blocked ? 'blocked' : 'catching up';
}

function decide(world: World, view: VolumeView): SyncthingVolumeStatus | undefined {
  const input = { view, placed: placed(world, view), storageLabel: LABEL };
  const plan = planStatus(input);
  countDecisions(world, view);
  if (plan.failedOver && !isLossConfirmed(world, view)) return undefined;
  const lost = [...lostReaders(view), ...lostWriters(view)];
  if (lost.some((right) => !isStillLost(world, right.node, nodeLoss(view, right)))) return undefined;
  if (plan.propose === undefined) return plan.status;
  const confirmed = confirmPods(world, plan.propose);
  if (confirmed !== undefined) return grantedStatus(input, plan.status, confirmed);
  count(world.counts, 'grant: no pod there');
  return planStatus({ ...input, liveObstacle: 'no pod there' }).status;
}

/** Its resource was deleted behind the driver's back: the orders go, and no byte (handoff rule 32). */
function release(world: World): void {
  world.api.replicas = new Map();
  world.api.volume = undefined;
  forget(world);
  watch(world);
}

/** Plans the volume's status from what the caches have. */
export function planVolume(world: World): void {
  if (!world.isApiUp) return;
  const view = controllerView(world);
  if (view === undefined) return;
  if (view.volume.deletionTimestamp !== undefined && view.volume.spec.deletion === undefined) {
    release(world);
    return;
  }
  const status = decide(world, view);
  if (status === undefined) again(world);
  else world.controller.status = { view, status };
}

/** Writes what was planned by compare-and-swap, and plans the orders from what stands then. */
export function writePlanned(world: World): void {
  const pending = world.controller.status;
  if (!world.isApiUp || pending === undefined) return;
  world.controller.status = undefined;
  const { view, status } = pending;
  let written = view;
  if (isStatusChanged(view, status)) {
    const volume = writeVolumeStatus(world, view.volume, status);
    if (volume === undefined) {
      again(world);
      return;
    }
    world.controller.cache.volume = volume;
    written = { ...withStatus(view, status), volume };
  }
  const orders = planOrders({ view: written, placed: placed(world, view) });
  const isCurrent = world.api.volume?.resourceVersion === written.volume.resourceVersion;
  if (orders.length > 0 && written === view && !isCurrent) again(world);
  else world.controller.orders = orders;
  for (const { kind } of world.controller.orders) count(world.counts, `order: ${kind}`);
  noteWords(world, written, orders);
  finishDeletion(world);
}

/** Carries out the next order. */
export function applyNextOrder(world: World): void {
  const [action, ...rest] = world.controller.orders;
  if (!world.isApiUp || action === undefined) return;
  if (!writeOrder(world, action)) {
    again(world);
    return;
  }
  world.controller.orders = rest;
  const node = action.kind === 'create' ? action.spec.node : action.replica.spec.node;
  const replicas = new Map(world.controller.cache.replicas);
  const live = world.api.replicas.get(node);
  if (live === undefined) replicas.delete(node);
  else replicas.set(node, live);
  world.controller.cache.replicas = replicas;
  finishDeletion(world);
}

function finishDeletion(world: World): void {
  const view = controllerView(world);
  if (view === undefined || !isGone(view) || world.api.replicas.size > 0) return;
  if (world.api.volume?.spec.deletion === undefined) return;
  world.api.volume = undefined;
  count(world.counts, 'deletion: finished');
  watch(world, 'volume');
}

/** Who is told of which devices and fences; all nodes at once. */
export function planNodes(world: World): void {
  if (!world.isApiUp) return;
  const { cache } = world.controller;
  const view = controllerView(world);
  const nodes = [...cache.nodes.values()];
  for (const node of nodes) {
    const spec = nodeOrder(node, nodes, view === undefined ? [] : [view]);
    if (isEqual(spec, node.spec)) continue;
    if (spec.fenced.length > node.spec.fenced.length) count(world.counts, 'fence: ordered');
    if (!writeNodeSpec(world, node, spec)) count(world.counts, 'controller: conflict');
  }
  cache.nodes = world.api.nodes;
}

export function killController(world: World): void {
  forget(world);
  if (world.isApiUp) watch(world);
}
