/** What happens in a volume that many write, and in no other. */
import {
  bootNode,
  cutApi,
  cutLink,
  cutPower,
  daemonScans,
  healLinks,
  label,
  replaceDisk,
  taint,
} from './faults.ts';
import type { CallFault } from './kubelet.ts';
import type { ModelNode } from './model-node.ts';
import { endPod, FILES, remove, rename, startPod, write } from './pods.ts';
import { controllerRound, daemonRound, nodeRound, round, step } from './rounds.ts';
import { publishShared, stageShared } from './sharing.ts';
import { leaves } from './turns.ts';
import type { World } from './world.ts';

interface Case {
  readonly world: World;
  readonly node: ModelNode;
  readonly writer: ModelNode;
  readonly argument: number;
}

const FAULTS: readonly CallFault[] = ['none', 'none', 'none', 'lost-answer', 'killed'];

function faultOf(argument: number): CallFault {
  return FAULTS[(argument >> 2) % FAULTS.length] ?? 'none';
}

function fileOf(argument: number): string {
  return FILES[argument % FILES.length] ?? 'a';
}

/** Pods of these nodes, as far as anybody lets them. */
export function sharersCome(world: World, nodes: readonly ModelNode[], times: number): void {
  for (const node of nodes) startPod(world, node, 'p1');
  for (let turn = 0; turn < times; turn += 1) {
    for (const node of nodes) step(world, () => publishShared(world, node, 'p1', 'none'));
    round(world);
  }
  for (const node of nodes) step(world, () => publishShared(world, node, 'p1', 'none'));
}

function works({ world, node, argument }: Case): void {
  const how = (argument >> 2) % 6;
  if (how === 0) remove(world, node, fileOf(argument));
  else if (how === 1) rename(world, node, fileOf(argument), fileOf(argument >> 5));
  else write(world, node, fileOf(argument), how === 2);
}

/** Two nodes change one file before they hear of each other, and end in any order. */
function conflict({ world, node, argument }: Case): void {
  const other = world.nodes.find((each) => each !== node) ?? node;
  sharersCome(world, [node, other], 4);
  const file = fileOf(argument);
  if (argument % 3 === 0) cutLink(world, node, other, false);
  step(world, () => write(world, node, file, argument % 2 === 0));
  step(world, () => write(world, other, file, argument % 5 === 0));
  if (argument % 4 > 1) step(world, () => daemonScans(world, node));
  if (argument % 8 > 3) step(world, () => daemonScans(world, other));
  leaves(world, argument % 7 > 3 ? node : other);
  for (let left = argument % 6; left > 0; left -= 1) round(world);
  if (argument % 3 === 0) healLinks(world);
  if (argument % 11 < 5) leaves(world, other);
}

/** What one left is changed by another that was cut off meanwhile, and learns of it when the first has gone for good. */
function lateConflict({ world, node, argument }: Case): void {
  const other = world.nodes.find((each) => each !== node) ?? node;
  sharersCome(world, [node, other], 4);
  for (const each of world.nodes) if (each !== other) cutLink(world, other, each, false);
  step(world, () => write(world, node, 'a', false));
  leaves(world, node);
  for (let left = 5; left > 0; left -= 1) round(world);
  step(world, () => write(world, other, 'a', argument % 4 === 0));
  step(world, () => daemonScans(world, other));
  if (argument % 2 === 0) step(world, () => replaceDisk(world, node));
  healLinks(world);
  for (let left = argument % 5; left > 0; left -= 1) round(world);
  if (argument % 3 === 0) step(world, () => replaceDisk(world, other));
  bootNode(world, node);
}

/** It ends and goes at once, with its disk. */
function endsAndGoes({ world, node, argument }: Case): void {
  sharersCome(world, [node], 4);
  step(world, () => write(world, node, fileOf(argument), false));
  leaves(world, node);
  for (let left = 1 + (argument % 5); left > 0; left -= 1) round(world);
  if (argument % 3 === 0) step(world, () => cutPower(world, node, argument));
  step(world, () => replaceDisk(world, node));
  const other = world.nodes.find((each) => each !== node) ?? node;
  sharersCome(world, [other], 4);
  bootNode(world, node);
}

/** It is given up with something unsent, the others go on, and it comes back. */
function writerIsLost({ world, node, argument }: Case): void {
  const other = world.nodes.find((each) => each !== node) ?? node;
  sharersCome(world, [node, other], 4);
  if (argument % 2 === 0) for (const each of world.nodes) cutLink(world, node, each, false);
  if (argument % 3 === 0) cutApi(world, node);
  step(world, () => write(world, node, fileOf(argument), false));
  step(world, () => daemonScans(world, node));
  if (argument % 4 === 0) step(world, () => cutPower(world, node, argument));
  step(world, () => taint(world, node));
  step(world, () => write(world, other, fileOf(argument), false));
  leaves(world, other);
  for (let left = 4; left > 0; left -= 1) round(world, argument % 5 === 0 ? 30 : 1);
}

function unstagedAndBack({ world, node, argument }: Case): void {
  sharersCome(world, [node], 3);
  leaves(world, node);
  if (argument % 2 === 0) round(world);
  sharersCome(world, [node], argument % 3);
}

function isOpen({ disk }: ModelNode): boolean {
  return disk.state?.writing?.phase === 'writing';
}

/** Its node looks, and where that ended the session nothing else happens. */
function untilItLooks(world: World, node: ModelNode): void {
  nodeRound(world, node);
  if (!isOpen(node)) return;
  for (const each of world.nodes) if (each !== node) nodeRound(world, each);
  daemonRound(world);
  controllerRound(world);
}

/** Its last pod has gone, state.json and the report say so, and the next one comes before the controller heard of it. */
function backAtOnce({ world, node, argument }: Case): void {
  sharersCome(world, [node], 4);
  step(world, () => write(world, node, fileOf(argument), false));
  leaves(world, node);
  for (let left = 8; left > 0 && isOpen(node); left -= 1) untilItLooks(world, node);
  startPod(world, node, 'p2');
  step(world, () => publishShared(world, node, 'p2', 'none'));
  if (argument % 2 === 0) controllerRound(world);
  step(world, () => write(world, node, fileOf(argument), false));
  for (let left = 1 + (argument % 3); left > 0; left -= 1) round(world);
}

/** It cannot take in what wins over its own change, ends all the same if anybody lets it, and its disk goes. */
function slowEnds({ world, node, argument }: Case): void {
  const other = world.nodes.find((each) => each !== node) ?? node;
  sharersCome(world, [node, other], 4);
  const file = fileOf(argument);
  node.isSlow = true;
  step(world, () => write(world, node, file, false));
  step(world, () => write(world, other, file, false));
  step(world, () => daemonScans(world, other));
  daemonRound(world);
  leaves(world, node);
  for (let left = 4 + (argument % 3); left > 0; left -= 1) round(world);
  step(world, () => replaceDisk(world, node));
  node.isSlow = false;
  bootNode(world, node);
}

/** It ends with its own copy, of which nobody else hears, and is to go. */
function endsAloneAndLeaves({ world, node, argument }: Case): void {
  sharersCome(world, [node], 4);
  step(world, () => write(world, node, fileOf(argument), false));
  for (let left = 3; left > 0; left -= 1) round(world);
  for (const each of world.nodes) if (each !== node) cutLink(world, node, each, false);
  step(world, () => write(world, node, fileOf(argument), false));
  leaves(world, node);
  for (let left = 7; left > 0; left -= 1) round(world, 5);
  label(world, node, false);
  for (let left = 5; left > 0; left -= 1) round(world);
  if (argument % 2 === 0) healLinks(world);
  label(world, node, true);
}

/** Nobody who ever had all is heard of, and a node that never did is asked for the volume. */
function holdersFallSilent({ world, node, argument }: Case): void {
  sharersCome(world, [node], 4);
  step(world, () => write(world, node, fileOf(argument), false));
  leaves(world, node);
  for (let left = 4; left > 0; left -= 1) round(world);
  const others = world.nodes.filter(({ name }) => !isHolder(world, name));
  for (const each of world.nodes) if (!others.includes(each)) cutApi(world, each);
  world.now += 61_000;
  sharersCome(world, others, 3);
  for (const each of world.nodes) each.hasApi = true;
}

function isHolder({ api }: World, name: string): boolean {
  return api.volume?.status.base.holders.some((holder) => holder.node === name) === true;
}

/** Each with how often it is drawn. */
export const SHARING_ONLY: Readonly<Record<string, readonly [number, (it: Case) => unknown]>> = {
  'sharer comes': [14, ({ world, node, argument }) => sharersCome(world, [node], 1 + (argument % 5))],
  'sharers come': [12, ({ world }) => sharersCome(world, world.nodes, 4)],
  'sharer works': [44, works],
  'sharer ends': [6, ({ node }) => endPod(node, 'p1')],
  'sharer leaves': [12, ({ world, node }) => leaves(world, node)],
  'sharer staged': [5, ({ world, node, argument }) => stageShared(world, node, faultOf(argument))],
  'sharer published': [
    14,
    ({ world, node, argument }) =>
      publishShared(world, node, argument % 4 === 0 ? 'p2' : 'p1', faultOf(argument)),
  ],
  conflict: [14, conflict],
  'late conflict': [6, lateConflict],
  'ends and goes': [6, endsAndGoes],
  'shared writer is lost': [5, writerIsLost],
  'unstaged and back': [4, unstagedAndBack],
  'back at once': [5, backAtOnce],
  'slow ends': [6, slowEnds],
  'ends alone and leaves': [6, endsAloneAndLeaves],
  'holders fall silent': [4, holdersFallSilent],
};
