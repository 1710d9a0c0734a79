/** A fair round: everything that runs gets its turn once. */
import { applyNextOrder, planNodes, planVolume, watch, writePlanned } from './controller.ts';
import { reportSelf, runHelperPass, startDriver, viewForHelper, watchOrders } from './driver.ts';
import { sendIndex } from './exchange.ts';
import { checkInvariants } from './invariants.ts';
import { endJob } from './jobs.ts';
import { look, writeLook } from './look.ts';
import type { HelperName, ModelNode } from './model-node.ts';
import { pullOne } from './pull.ts';
import { scanFolder } from './scan.ts';
import { needsOf } from './global-entry.ts';
import type { World } from './world.ts';
import type { DiskPhase } from '../../src/handoff/disk-state.ts';
import { count } from './counts.ts';

const HELPERS: readonly HelperName[] = ['introducer', 'resharer', 'deleter'];

/** One transition: it is counted, and the invariants are looked at after it. */
export function step(world: World, change: () => unknown): void {
  world.steps += 1;
  world.now += 7;
  const before = world.nodes.map(({ disk }) => disk.state?.phase);
  change();
  countTransitions(world, before);
  checkInvariants(world);
}

/** By the kinds of phases, as src/handoff/transitions.ts has them. */
function countTransitions(world: World, before: readonly (DiskPhase | undefined)[]): void {
  for (const [index, { disk }] of world.nodes.entries()) {
    const from = before[index];
    const to = disk.state?.phase;
    if (from !== undefined && to !== undefined && from !== to)
      count(world.counts, `transition: ${from.kind} > ${to.kind}`);
  }
}

export function nodeRound(world: World, node: ModelNode): void {
  if (!node.isOn) return;
  if (node.driver === undefined) startDriver(world, node);
  step(world, () => watchOrders(world, node));
  step(world, () => reportSelf(world, node));
  for (const helper of HELPERS) {
    step(world, () => viewForHelper(world, node, helper));
    step(world, () => runHelperPass(world, node));
  }
  if (node.daemon.isOn && node.daemon.hasToScan) step(world, () => scanFolder(world, node));
  step(world, () => look(world, node));
  step(world, () => writeLook(world, node));
  if (node.driver?.job !== undefined) step(world, () => endJob(world, node));
}

export function daemonRound(world: World): void {
  for (const from of world.nodes) {
    for (const to of world.nodes) if (from !== to) step(world, () => sendIndex(world, from, to, 100));
  }
  for (const node of world.nodes) {
    for (let more = needsOf(node.disk).length; more > 0; more -= 1)
      step(world, () => pullOne(world, node, more));
  }
}

export function controllerRound(world: World): void {
  step(world, () => watch(world));
  step(world, () => planVolume(world));
  step(world, () => writePlanned(world));
  for (let left = world.controller.orders.length; left > 0; left -= 1)
    step(world, () => applyNextOrder(world));
  step(world, () => planNodes(world));
}

export function round(world: World, seconds = 1): void {
  world.now += seconds * 1000;
  for (const node of world.nodes) nodeRound(world, node);
  daemonRound(world);
  controllerRound(world);
}
