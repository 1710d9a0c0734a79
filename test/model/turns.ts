/** Turns of a story that single steps rarely come to. */
import { cutApi, cutLink, cutPower, healLinks, loseDatabase, taint } from './faults.ts';
import { publish, unpublish } from './kubelet.ts';
import { podMounts, type ModelNode } from './model-node.ts';
import { endPod, startPod, write } from './pods.ts';
import { round, step } from './rounds.ts';
import type { World } from './world.ts';

export interface Turn {
  readonly world: World;
  readonly writer: ModelNode;
  /** Another node. */
  readonly other: ModelNode;
  readonly argument: number;
}

function rounds(world: World, count: number): void {
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

/** It ends with its own copy alone, since nobody takes anything in. */
function writerIsAlone({ world, writer, argument }: Turn): void {
  const others = world.nodes.filter((each) => each !== writer);
  for (const each of others) each.isSlow = true;
  writes(world, writer);
  leaves(world, writer);
  for (let left = 6; left > 0; left -= 1) round(world, 5);
  for (const each of others) each.isSlow = argument % 2 === 0;
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

/** Each with how often it is drawn. */
export const TURNS: Readonly<Record<string, readonly [number, (turn: Turn) => void]>> = {
  'writer dies': [3, writerDies],
  'writer is cut off': [3, writerIsCutOff],
  'writer is alone': [2, writerIsAlone],
  'pod moves': [6, moves],
  'database goes': [1, databaseGoes],
};
