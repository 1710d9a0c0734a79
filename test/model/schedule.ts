/** What can happen next: steps of the parts, calls of the kubelet, pods' work, faults and people. */
import { forceDetach, givenUp, silentForGood } from './person-acts.ts';
import { applyNextOrder, killController, planNodes, planVolume, watch, writePlanned } from './controller.ts';
import * as api from './api-faults.ts';
import { killDriver, reportSelf, runHelperPass, startDriver, viewForHelper, watchOrders } from './driver.ts';
import { sendIndex } from './exchange.ts';
import * as faults from './faults.ts';
import { loseIndexEntry } from './index-faults.ts';
import { count } from './counts.ts';
import { endJob } from './jobs.ts';
import { publish, stage, unpublish, unstage, type CallFault } from './kubelet.ts';
import { look, writeLook } from './look.ts';
import { podMounts, type HelperName, type ModelNode } from './model-node.ts';
import { endPod, FILES, remove, rename, startPod, write } from './pods.ts';
import { pullOne } from './pull.ts';
import { READER_ACTS } from './reader-acts.ts';
import { controllerRound, daemonRound, nodeRound, round, step } from './rounds.ts';
import { SHARING_ONLY } from './sharing-only.ts';
import { comes, leaves, TURNS, type Turn } from './turns.ts';
import type { Objects, World } from './world.ts';

export interface Happening {
  readonly kind: string;
  readonly node: number;
  readonly argument: number;
}

interface Case {
  readonly world: World;
  readonly node: ModelNode;
  /** The node that has the volume, else the one that was meant. */
  readonly writer: ModelNode;
  readonly argument: number;
}

type Act = (it: Case) => unknown;

const HELPERS: readonly HelperName[] = ['introducer', 'resharer', 'deleter'];
const KINDS: readonly (keyof Objects)[] = ['volume', 'replicas', 'nodes', 'clusterNodes'];
const CALL_FAULTS: readonly CallFault[] = ['none', 'none', 'none', 'lost-answer', 'killed'];

function pick<T>(list: readonly T[], argument: number): T {
  const found = list[argument % list.length];
  if (found === undefined) throw new Error('nothing to pick from');
  return found;
}

function other({ world, node, argument }: Case): ModelNode {
  return pick(
    world.nodes.filter((each) => each !== node),
    argument,
  );
}

function podName(argument: number): string {
  return argument % 4 === 0 ? 'p2' : 'p1';
}

function callFault({ world, argument }: Case): CallFault {
  const fault = pick(CALL_FAULTS, argument >> 2);
  if (fault !== 'none') count(world.counts, `fault: call ${fault}`);
  return fault;
}

function power({ world, node, argument }: Case): void {
  if (node.isOn) faults.cutPower(world, node, argument);
  else faults.bootNode(world, node);
}

function podWork({ world, writer, argument }: Case): void {
  const name = pick(FILES, argument);
  const how = (argument >> 2) % 6;
  if (how === 0) remove(world, writer, name);
  else if (how === 1) rename(world, writer, name, pick(FILES, argument >> 5));
  else write(world, writer, name, how === 2);
}

/** What it plans from changes before it writes. */
function controllerOvertaken(world: World): void {
  step(world, () => watch(world));
  for (const node of world.nodes) nodeRound(world, node);
  daemonRound(world);
  step(world, () => planVolume(world));
  step(world, () => writePlanned(world));
  for (const node of world.nodes) nodeRound(world, node);
  for (let left = 3; left > 0; left -= 1) step(world, () => applyNextOrder(world));
}

function turn({ world, node, writer, argument }: Case, take: (turn: Turn) => void): void {
  const other = world.nodes.find((each) => each !== writer && each !== node) ?? node;
  take({ world, writer, other: other === writer ? node : other, argument });
}

const PERSON_TURNS: typeof TURNS = {
  'given up by a person': [2, givenUp],
  'silent for good': [1, silentForGood],
};

const TURN_ACTS = Object.entries({ ...TURNS, ...PERSON_TURNS }).map(
  ([kind, [weight, take]]): readonly [string, readonly [number, Act]] => [
    kind,
    [weight, (it) => turn(it, take)],
  ],
);

/** Each with how often it is drawn. */
export const ACTS: Readonly<Record<string, readonly [number, Act]>> = {
  ...Object.fromEntries(TURN_ACTS),
  round: [30, ({ world, argument }) => round(world, pick([1, 1, 1, 2, 30], argument))],
  'daemon round': [8, ({ world }) => daemonRound(world)],
  'controller round': [8, ({ world }) => controllerRound(world)],
  'controller watches': [6, ({ world, argument }) => watch(world, pick(KINDS, argument))],
  'controller plans': [8, ({ world }) => planVolume(world)],
  'controller writes': [8, ({ world }) => writePlanned(world)],
  'controller orders': [8, ({ world }) => applyNextOrder(world)],
  'controller fences': [4, ({ world }) => planNodes(world)],
  'controller overtaken': [4, ({ world }) => controllerOvertaken(world)],
  'controller dies': [1, ({ world }) => killController(world)],
  'node watches': [10, ({ world, node }) => watchOrders(world, node)],
  'node reports itself': [8, ({ world, node }) => reportSelf(world, node)],
  'node looks': [12, ({ world, node }) => look(world, node)],
  'node reports': [12, ({ world, node }) => writeLook(world, node)],
  'job ends': [8, ({ world, node }) => endJob(world, node)],
  'helper begins': [8, ({ world, node, argument }) => viewForHelper(world, node, pick(HELPERS, argument))],
  'helper runs': [8, ({ world, node }) => runHelperPass(world, node)],
  'driver dies': [3, ({ world, node }) => killDriver(world, node)],
  'driver starts': [4, ({ world, node }) => startDriver(world, node)],
  index: [10, (it) => sendIndex(it.world, it.node, other(it), 1 + (it.argument % 3))],
  pull: [10, ({ world, node, argument }) => pullOne(world, node, argument)],
  'daemon scans': [4, ({ world, node }) => faults.daemonScans(world, node)],
  'daemon dies': [2, ({ world, node }) => faults.killDaemon(world, node)],
  'daemon starts': [3, ({ node }) => faults.startDaemon(node)],
  'pod starts': [10, ({ world, node, argument }) => startPod(world, node, podName(argument))],
  'pod comes': [12, ({ world, node }) => comes(world, node, 5)],
  'pod works': [40, podWork],
  'pod ends': [6, ({ node, argument }) => endPod(node, podName(argument))],
  leave: [8, ({ world, writer }) => leaves(world, writer)],
  stage: [6, (it) => stage(it.world, it.node, callFault(it))],
  publish: [14, (it) => publish(it.world, it.node, podName(it.argument), callFault(it))],
  unpublish: [
    5,
    ({ world, node, argument }) => {
      const name = podName(argument);
      if (node.pods.get(name)?.phase === 'ending')
        unpublish(world, node, name, pick(CALL_FAULTS, argument >> 2));
    },
  ],
  unstage: [4, (it) => unstage(it.world, it.node, callFault(it))],
  'kubelet dies': [
    1,
    ({ node, world }) => {
      node.hasKubelet = false;
      count(world.counts, 'fault: kubelet dead');
    },
  ],
  'kubelet starts': [2, ({ node }) => (node.hasKubelet = true)],
  power: [4, power],
  'power of the writer': [2, ({ world, writer, argument }) => faults.cutPower(world, writer, argument)],
  'power of all': [
    1,
    ({ world, argument }) => {
      for (const node of world.nodes) faults.cutPower(world, node, argument + node.life);
    },
  ],
  boot: [4, ({ world, node }) => faults.bootNode(world, node)],
  'disk replaced': [1, ({ world, node }) => faults.replaceDisk(world, node)],
  'database lost': [1, ({ world, node }) => faults.loseDatabase(world, node)],
  'replica wiped': [1, ({ world, node }) => faults.wipeReplica(world, node)],
  taint: [1, ({ world, node }) => faults.taint(world, node)],
  'taint of the writer': [2, ({ world, writer }) => faults.taint(world, writer)],
  'Node deleted': [1, ({ world, node }) => faults.deleteNode(world, node)],
  'Node restored': [3, ({ world, node }) => faults.restoreNode(world, node)],
  forceDetach: [1, ({ world }) => forceDetach(world)],
  'node expelled': [1, ({ world, node }) => faults.expel(world, node, true)],
  'node trusted again': [3, ({ world, node }) => faults.expel(world, node, false)],
  unlabel: [2, ({ world, node }) => faults.label(world, node, false)],
  label: [2, ({ world, node }) => faults.label(world, node, true)],
  'labels taken': [
    1,
    ({ world, node, argument }) => {
      faults.label(world, node, false);
      faults.label(world, other({ world, node, writer: node, argument }), false);
    },
  ],
  partition: [2, (it) => faults.cutLink(it.world, it.node, other(it), it.argument % 3 === 0)],
  heal: [3, ({ world }) => faults.healLinks(world)],
  'API cut off': [2, ({ world, node }) => faults.cutApi(world, node)],
  'API reached': [4, ({ node }) => (node.hasApi = true)],
  'API away': [1, ({ world }) => api.stopApi(world)],
  'API back': [4, ({ world }) => api.startApi(world)],
  slow: [2, ({ node }) => (node.isSlow = true)],
  fast: [4, ({ node }) => (node.isSlow = false)],
  'index entry lost': [1, (it) => loseIndexEntry(it.world, it.node, other(it), it.argument)],
  'disk full': [1, ({ world, node }) => faults.fillDisk(world, node)],
  'disk has space': [3, ({ node }) => (node.isFull = false)],
  'backup made': [4, ({ world }) => api.backUp(world)],
  silence: [
    3,
    ({ world }) => {
      world.now += 61_000;
    },
  ],
};

/** At most one of these a run, and late: nothing much happens afterwards. */
export const LAST_ACTS: Readonly<Record<string, Act>> = {
  none: () => undefined,
  DeleteVolume: ({ world }) => api.deleteVolume(world),
  'resource deleted': ({ world }) => api.vanish(world, false),
  'resources vanished': ({ world }) => api.vanish(world, true),
  restore: ({ world }) => api.restoreBackup(world),
};

function actOf(kind: string): Act | undefined {
  return ACTS[kind]?.[1] ?? READER_ACTS[kind]?.[1] ?? SHARING_ONLY[kind]?.[1] ?? LAST_ACTS[kind];
}

export function happen(world: World, { kind, node: index, argument }: Happening): void {
  const node = pick(world.nodes, index);
  const writer = world.nodes.find((each) => podMounts(each).length > 0 && each.isOn) ?? node;
  const act = actOf(kind);
  if (act === undefined) throw new Error(`nothing is called ${kind}`);
  step(world, () => act({ world, node, writer, argument }));
}
