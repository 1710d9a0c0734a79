/** What can happen with readers, beside all that happens without. */
import { cutPower, taint } from './faults.ts';
import { unpublish, type CallFault } from './kubelet.ts';
import { look, writeLook } from './look.ts';
import { podMounts, type ModelNode } from './model-node.ts';
import { endPod, startPod } from './pods.ts';
import { publishReader, stageReader } from './readers.ts';
import { round, step } from './rounds.ts';
import { comes, leaves } from './turns.ts';
import type { World } from './world.ts';

interface Case {
  readonly world: World;
  readonly node: ModelNode;
  /** The node that has the volume, else the one that was meant. */
  readonly writer: ModelNode;
  readonly argument: number;
}

const FAULTS: readonly CallFault[] = ['none', 'none', 'none', 'lost-answer', 'killed'];

function faultOf(argument: number): CallFault {
  return FAULTS[(argument >> 2) % FAULTS.length] ?? 'none';
}

function readerName(argument: number): string {
  return argument % 4 === 0 ? 'r2' : 'r1';
}

/** Readers of these nodes, as far as anybody lets them. */
function readersCome(world: World, nodes: readonly ModelNode[], times: number): void {
  for (const node of nodes) startPod(world, node, 'r1');
  for (let turn = 0; turn < times; turn += 1) {
    for (const node of nodes) step(world, () => publishReader(world, node, 'r1', 'none'));
    round(world);
  }
  for (const node of nodes) step(world, () => publishReader(world, node, 'r1', 'none'));
}

function allLeave(world: World): void {
  for (const node of world.nodes) leaves(world, node);
}

/** The writer goes, and all read what it wrote; then one of them is lost, or all end, and somebody writes again. */
function readersTakeOver({ world, node, writer, argument }: Case): void {
  leaves(world, writer);
  for (let left = argument % 4; left > 0; left -= 1) round(world);
  readersCome(world, argument % 3 === 0 ? [node] : world.nodes, 5);
}

function writerComesBack({ world, node, argument }: Case): void {
  startPod(world, node, 'p1');
  if (argument % 3 === 0) comes(world, node, 2);
  allLeave(world);
  comes(world, node, 4);
}

function readerIsLost({ world, node, argument }: Case): void {
  const reader = world.nodes.find((each) => podMounts(each).some((name) => name.startsWith('r'))) ?? node;
  if (argument % 2 === 0) step(world, () => cutPower(world, reader, argument));
  else reader.hasApi = false;
  step(world, () => taint(world, reader));
  for (const each of world.nodes) if (argument % 4 === 0 && each !== reader) leaves(world, each);
  const other = world.nodes.find((each) => each !== reader) ?? node;
  comes(world, other, 4);
}

/** Its pod has gone, as state.json says, and the next one of the node comes before anybody heard of it. */
function comesBackAtOnce({ world, node, argument }: Case): void {
  readersCome(world, [node], 4);
  leaves(world, node);
  step(world, () => look(world, node));
  if (argument % 2 === 0) step(world, () => writeLook(world, node));
  readersCome(world, [node], 0);
  if (argument % 3 === 0) round(world);
  readersCome(world, [node], argument % 3);
}

function readerUnpublishes({ world, node, argument }: Case): void {
  const name = readerName(argument);
  if (node.pods.get(name)?.phase === 'ending') unpublish(world, node, name, faultOf(argument));
}

/** Each with how often it is drawn. */
export const READER_ACTS: Readonly<Record<string, readonly [number, (it: Case) => unknown]>> = {
  'reader starts': [8, ({ world, node, argument }) => startPod(world, node, readerName(argument))],
  'reader comes': [10, ({ world, node, argument }) => readersCome(world, [node], 1 + (argument % 5))],
  'readers take over': [16, readersTakeOver],
  'reader ends': [6, ({ node, argument }) => endPod(node, readerName(argument))],
  'reader staged': [4, ({ world, node, argument }) => stageReader(world, node, faultOf(argument))],
  'reader published': [
    10,
    ({ world, node, argument }) => publishReader(world, node, readerName(argument), faultOf(argument)),
  ],
  'reader unpublished': [6, readerUnpublishes],
  'reader comes back at once': [4, comesBackAtOnce],
  'all leave': [4, ({ world }) => allLeave(world)],
  'writer comes back': [10, writerComesBack],
  'reader is lost': [4, readerIsLost],
};
