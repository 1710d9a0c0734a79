/** Turns of a story that single steps rarely come to. */
import {
  bootNode,
  cutApi,
  cutLink,
  cutPower,
  daemonScans,
  healLinks,
  killDaemon,
  label,
  loseDatabase,
  replaceDisk,
  restoreNode,
  startDaemon,
  taint,
  wipeReplica,
} from './faults.ts';
import { runHelperPass, viewForHelper, watchOrders } from './driver.ts';
import { endJob } from './jobs.ts';
import { look, writeLook } from './look.ts';
import { publish, unpublish } from './kubelet.ts';
import { podMounts, type ModelNode } from './model-node.ts';
import { endPod, remove, rename, startPod, write } from './pods.ts';
import { controllerRound, daemonRound, nodeRound, round, step } from './rounds.ts';
import type { World } from './world.ts';

export interface Turn {
  readonly world: World;
  readonly writer: ModelNode;
  /** Another node. */
  readonly other: ModelNode;
  readonly argument: number;
}

export function rounds(world: World, count: number): void {
  for (let left = count; left > 0; left -= 1) round(world);
}

/** A pod that gets the volume, if anybody can. */
export function comes(world: World, node: ModelNode, times: number): void {
  startPod(world, node, 'p1');
  for (let turn = 0; turn < times; turn += 1) {
    step(world, () => publish(world, node, 'p1', 'none'));
    round(world);
  }
  step(world, () => publish(world, node, 'p1', 'none'));
}

/** All mounts of a node are let go, its kubelet's way: what the pod wrote last is behind it. */
export function leaves(world: World, node: ModelNode): void {
  for (const name of podMounts(node)) {
    endPod(node, name);
    step(world, () => unpublish(world, node, name, 'none'));
  }
}

function writes(world: World, node: ModelNode): void {
  step(world, () => write(world, node, 'a', false));
}

/** The writer's node goes, with something written that nobody has yet; it comes back, or not. */
function writerDies({ world, writer, other, argument }: Turn): void {
  other.isSlow = argument % 2 === 0;
  writes(world, writer);
  rounds(world, argument % 3);
  step(world, () => cutPower(world, writer, argument));
  step(world, () => taint(world, writer));
  comes(world, other, 4);
  other.isSlow = false;
  rounds(world, 2);
}

/** What it deletes or renames last is heard of and not proven when its node goes. */
function writerDeletesAndDies({ world, writer, other, argument }: Turn): void {
  writes(world, writer);
  rounds(world, 4);
  if (argument % 2 === 0) step(world, () => remove(world, writer, 'a'));
  else step(world, () => rename(world, writer, 'a', 'b'));
  step(world, () => daemonScans(world, writer));
  daemonRound(world);
  step(world, () => cutPower(world, writer, argument));
  step(world, () => taint(world, writer));
  comes(world, other, 6);
}

/** Nothing reaches the writer's node, its pod writes on, and the volume goes on elsewhere. */
function writerIsCutOff({ world, writer, other, argument }: Turn): void {
  writes(world, writer);
  rounds(world, 2);
  if (argument % 2 === 0) cutApi(world, writer);
  for (const each of world.nodes) if (argument % 3 === 0) cutLink(world, writer, each, false);
  step(world, () => taint(world, writer));
  writes(world, writer);
  comes(world, other, 6);
  writes(world, writer);
  writes(world, other);
  if (argument % 5 === 0) healLinks(world);
  rounds(world, 2);
}

/** It ends with its own copy alone, since nobody takes anything in, or hears of anything. */
function writerIsAlone({ world, writer, other, argument }: Turn): void {
  const others = world.nodes.filter((each) => each !== writer);
  if (podMounts(writer).length === 0) comes(world, writer, 4);
  for (const each of others) {
    if (argument % 2 === 0) each.isSlow = true;
    else cutLink(world, writer, each, false);
  }
  writes(world, writer);
  leaves(world, writer);
  for (let left = 6; left > 0; left -= 1) round(world, 5);
  if (argument % 3 === 0) comes(world, other, 3);
  for (const each of others) each.isSlow = argument % 4 === 0;
}

function moves({ world, writer, other, argument }: Turn): void {
  writes(world, writer);
  leaves(world, writer);
  rounds(world, argument % 4);
  comes(world, other, 4);
  writes(world, other);
}

function databaseGoes({ world, writer, other, argument }: Turn): void {
  writes(world, writer);
  rounds(world, argument % 3);
  step(world, () => loseDatabase(world, argument % 2 === 0 ? writer : other));
  rounds(world, 3);
}

/** What its pod does last no other node hears of before the writer's database is gone. */
function writerForgets({ world, writer }: Turn): void {
  const others = world.nodes.filter((each) => each !== writer);
  if (podMounts(writer).length === 0) comes(world, writer, 4);
  writes(world, writer);
  rounds(world, 2);
  for (const each of others) step(world, () => killDaemon(world, each));
  if (podMounts(writer).length > 0) step(world, () => remove(world, writer, 'a'));
  step(world, () => loseDatabase(world, writer));
  for (const each of others) startDaemon(each);
  startDaemon(writer);
  step(world, () => daemonScans(world, writer));
  rounds(world, 3);
}

/** Everything but the helpers of one node has its turn. */
function roundWithoutHelpers(world: World, node: ModelNode): void {
  world.now += 1_000;
  step(world, () => watchOrders(world, node));
  step(world, () => look(world, node));
  step(world, () => writeLook(world, node));
  step(world, () => endJob(world, node));
  for (const each of world.nodes) if (each !== node) nodeRound(world, each);
  daemonRound(world);
  controllerRound(world);
}

/** A pod writes as soon as it can, or deletes, and may be gone again at once; its node's helpers are slow. */
function earlyWrites({ world, writer, other, argument }: Turn): void {
  writes(world, writer);
  leaves(world, writer);
  startPod(world, other, 'p1');
  for (let turn = 0; turn < 8 && podMounts(other).length === 0; turn += 1) {
    round(world);
    step(world, () => publish(world, other, 'p1', 'none'));
  }
  if (argument % 4 === 0) step(world, () => remove(world, other, 'a'));
  else writes(world, other);
  if (argument % 2 === 0) step(world, () => daemonScans(world, other));
  if (argument % 3 === 1) leaves(world, other);
  for (let left = 6; left > 0; left -= 1) roundWithoutHelpers(world, other);
  rounds(world, argument % 3);
}

function isWriting({ disk }: ModelNode): boolean {
  return disk.state?.phase.kind === 'writer';
}

/** The next pod of the same node comes when state.json says released and nobody has heard of it. */
function comesBackAtOnce({ world, writer, other, argument }: Turn): void {
  writes(world, writer);
  leaves(world, writer);
  for (let left = 8; left > 0 && isWriting(writer); left -= 1) {
    nodeRound(world, writer);
    if (!isWriting(writer)) break;
    for (const each of world.nodes) if (each !== writer) nodeRound(world, each);
    daemonRound(world);
    controllerRound(world);
  }
  startPod(world, writer, 'p2');
  step(world, () => publish(world, writer, 'p2', 'none'));
  step(world, () => viewForHelper(world, writer, 'resharer'));
  step(world, () => runHelperPass(world, writer));
  step(world, () => publish(world, writer, 'p2', 'none'));
  writes(world, writer);
  rounds(world, 1 + (argument % 3));
  comes(world, other, 4);
}

/** Its files are gone, its daemon has seen it, and a pod comes there. */
function holderIsWiped({ world, writer, other, argument }: Turn): void {
  writes(world, writer);
  leaves(world, writer);
  rounds(world, 6);
  const wiped = argument % 2 === 0 ? writer : other;
  step(world, () => wipeReplica(world, wiped));
  // What is missing comes back soon where it can.
  wiped.isSlow = argument % 3 === 0;
  comes(world, wiped, 3);
  wiped.isSlow = false;
}

/** The containers of a writer that was given up go on, and its node gets the volume again. */
function containersLiveOn(turn: Turn): void {
  const { world, writer } = turn;
  writerIsCutOff(turn);
  writer.hasApi = true;
  healLinks(world);
  restoreNode(world, writer);
  leaves(world, turn.other);
  rounds(world, 3);
  startPod(world, writer, 'p2');
  for (let left = 4; left > 0; left -= 1) {
    step(world, () => publish(world, writer, 'p2', 'none'));
    round(world);
  }
  writes(world, writer);
  rounds(world, 2);
}

/** A node comes back empty while the others cannot be reached. */
function comesBackEmpty({ world, writer, other, argument }: Turn): void {
  writes(world, writer);
  leaves(world, writer);
  rounds(world, 4);
  step(world, () => replaceDisk(world, other));
  for (const each of world.nodes)
    if (each !== other && argument % 2 === 0) cutLink(world, other, each, false);
  other.isSlow = argument % 3 === 0;
  bootNode(world, other);
  rounds(world, 2);
  if (argument % 4 === 0) label(world, writer, false);
  if (argument % 4 === 0) rounds(world, 4);
  comes(world, other, 3);
  other.isSlow = false;
}

/** A scan that is under way when something comes between. */
function scanIsOvertaken({ world, writer, argument }: Turn): void {
  writes(world, writer);
  rounds(world, 1);
  world.now += 10_000;
  writes(world, writer);
  step(world, () => daemonScans(world, writer));
  step(world, () => look(world, writer));
  if (argument % 3 === 0) step(world, () => killDaemon(world, writer));
  if (argument % 3 === 1) step(world, () => wipeMarker(writer));
  if (argument % 3 === 2) step(world, () => write(world, writer, 'b', true));
  startDaemon(writer);
  step(world, () => endJob(world, writer));
  writer.disk.hasDirectory = true;
  rounds(world, 1);
}

/** `.stfolder` is not there for a while, as when a disk is not mounted yet. */
function wipeMarker({ disk }: ModelNode): void {
  disk.hasDirectory = false;
}

/** A session ends, and its node's daemon with it, before any helper ran; it begins anew without its database. */
function endsWithItsDatabase({ world, writer, other }: Turn): void {
  writes(world, writer);
  rounds(world, 3);
  leaves(world, writer);
  for (let left = 8; left > 0; left -= 1) roundWithoutHelpers(world, writer);
  step(world, () => killDaemon(world, writer));
  step(world, () => loseDatabase(world, writer));
  comes(world, other, 5);
  if (podMounts(other).length > 0) step(world, () => remove(world, other, 'a'));
  leaves(world, other);
  rounds(world, 4);
  startDaemon(writer);
  step(world, () => daemonScans(world, writer));
  rounds(world, 4);
}

/** What its pod changes after a proof comes, in a database made anew, to the sequence of that proof. */
function countsAnew({ world, writer, other }: Turn): void {
  const others = world.nodes.filter((each) => each !== writer);
  if (podMounts(writer).length === 0) comes(world, writer, 4);
  writes(world, writer);
  step(world, () => daemonScans(world, writer));
  world.now += 61_000;
  rounds(world, 3);
  writes(world, writer);
  leaves(world, writer);
  step(world, () => killDaemon(world, writer));
  step(world, () => loseDatabase(world, writer));
  for (const each of others) cutLink(world, writer, each, false);
  startDaemon(writer);
  step(world, () => daemonScans(world, writer));
  rounds(world, 3);
  comes(world, other, 5);
  healLinks(world);
}

/** Each with how often it is drawn. */
export const TURNS: Readonly<Record<string, readonly [number, (turn: Turn) => void]>> = {
  'writer dies': [3, writerDies],
  'writer deletes and dies': [2, writerDeletesAndDies],
  'writer is cut off': [3, writerIsCutOff],
  'writer is alone': [4, writerIsAlone],
  'pod moves': [6, moves],
  'database goes': [1, databaseGoes],
  'writer forgets': [2, writerForgets],
  'ends with its database': [1, endsWithItsDatabase],
  'counts anew': [2, countsAnew],
  'scan is overtaken': [2, scanIsOvertaken],
  'early writes': [3, earlyWrites],
  'comes back at once': [2, comesBackAtOnce],
  'holder is wiped': [2, holderIsWiped],
  'containers live on': [2, containersLiveOn],
  'comes back empty': [2, comesBackEmpty],
};
