/** When faults end and everybody is back: each node gets the volume in its turn, and all copies become one. */
import { count as tally } from './counts.ts';
import { contentsOf } from './ledger.ts';
import { heal, label, restoreNode, taint } from './faults.ts';
import { endPod, startPod } from './pods.ts';
import { publish, unpublish, unstage } from './kubelet.ts';
import { publishReader } from './readers.ts';
import type { ModelNode } from './model-node.ts';
import { round, step } from './rounds.ts';
import { violation } from './violation.ts';
import { nextNumber, type World } from './world.ts';

const ROUNDS = 80;
/** A request outlives its call by 150 s, and keeps its place for so long. */
const SECONDS = 3;

export function clearPods(world: World, node: ModelNode): void {
  for (const name of Array.from(node.pods.keys())) {
    endPod(node, name);
    step(world, () => unpublish(world, node, name, 'none'));
    node.pods.delete(name);
  }
}

export function readyReason(world: World): string {
  return world.api.volume?.status.conditions.find(({ type }) => type === 'Ready')?.reason ?? 'none';
}

/**
 * After an API was restored from a backup in which a node had a copy that has left since: the others share with it before
 * it has the folder, which Syncthing 1.x takes for a folder whose path is missing (docs/troubleshooting.md).
 */
function copyAnew(world: World): boolean {
  const node = world.nodes.find(({ disk }) => disk.isDoubled);
  if (node === undefined) return false;
  clearPods(world, node);
  label(world, node, false);
  until(world, () => world.api.replicas.get(node.name) === undefined);
  label(world, node, true);
  tally(world.counts, 'a copy made anew by a person');
  return true;
}

/** Who gave up the only node that has what was acknowledged brings it back. */
function takeBackForce(world: World): boolean {
  const { volume } = world.api;
  if (volume?.spec.forceDetach === undefined) return false;
  const { forceDetach: _, ...spec } = volume.spec;
  world.api.volume = { ...volume, resourceVersion: String(nextNumber(world)), spec };
  return true;
}

/** The person who reads the condition does what it says. */
function helpOut(world: World): boolean {
  if (copyAnew(world) || takeBackForce(world)) return true;
  const reason = readyReason(world);
  const grant = world.api.volume?.status.grant;
  const node = world.nodes.find(({ name }) => name === grant?.node);
  if (reason === 'StoreChanged' && node !== undefined) {
    taint(world, node);
    for (let count = 0; count < ROUNDS / 4; count += 1) round(world);
    restoreNode(world, node);
  }
  return reason === 'StoreChanged';
}

/** Rounds until it holds; false where it does not within the bound. */
export function until(world: World, holds: () => boolean, rounds = ROUNDS): boolean {
  for (let count = 0; count < rounds; count += 1) {
    if (holds()) return true;
    round(world, SECONDS);
  }
  return holds();
}

function attach(world: World, node: ModelNode): boolean {
  return until(world, () => {
    if (node.pods.get('end')?.isInApi === false) clearPods(world, node);
    startPod(world, node, 'end');
    step(world, () => publish(world, node, 'end', 'none'));
    return node.pods.get('end')?.phase === 'running';
  });
}

/** The disk that has the latest state is in nobody's node any more: the volume says so, and whose it was. */
function isGivenUp(world: World): boolean {
  const { grant, base } = world.api.volume?.status ?? {};
  const reason = readyReason(world);
  if (grant !== undefined) return isGone(world, grant) && ['StoreChanged', 'Blocked'].includes(reason);
  const holders = base?.holders ?? [];
  return reason === 'Waiting' && holders.length > 0 && holders.every((holder) => isGone(world, holder));
}

function isGone({ nodes }: World, { storeId }: { readonly storeId: string }): boolean {
  return nodes.every(({ disk }) => disk.storeId !== storeId);
}

/** An API that was restored from a backup older than the data: the volume says so and waits for a person. */
function isDiverged(world: World): boolean {
  return readyReason(world) === 'Diverged';
}

/** The backup has a copy as the last that holds the state which has left since: a person starts again from another. */
function isDoubledAtRestore({ nodes, ledger }: World): boolean {
  return ledger.isRestored && nodes.some(({ disk }) => disk.isDoubled);
}

/** False where the volume says that it waits for a person. */
function takesTurn(world: World, node: ModelNode): boolean {
  for (let tries = 0; !attach(world, node); tries += 1) {
    if (isDiverged(world)) return false;
    if (tries < 2 && helpOut(world)) continue;
    if (isGivenUp(world) || isDoubledAtRestore(world)) return false;
    throw violation('progress', stuck(world, node));
  }
  clearPods(world, node);
  step(world, () => unstage(world, node, 'none'));
  return true;
}

export function isOver({ api: { volume } }: World): boolean {
  return volume === undefined || volume.spec.deletion !== undefined || volume.deletionTimestamp !== undefined;
}

/** True where everybody had the volume, and nobody waits for a person. */
export function finish(world: World): boolean {
  heal(world);
  for (const node of world.nodes) clearPods(world, node);
  if (isOver(world)) {
    endDeleted(world);
    return false;
  }
  for (const node of world.nodes) if (!takesTurn(world, node)) return false;
  until(world, () => world.api.volume?.status.grant === undefined);
  until(world, () => isOne(world), ROUNDS);
  if (!isOne(world)) throw violation('all copies become one', copies(world));
  return true;
}

/** All at once; then one writes again, when they have gone. */
export function readByAll(world: World): void {
  const haveIt = until(world, () => {
    for (const node of world.nodes) {
      startPod(world, node, 'r-end');
      step(world, () => publishReader(world, node, 'r-end', 'none'));
    }
    return world.nodes.every((node) => node.pods.get('r-end')?.phase === 'running');
  });
  const [first] = world.nodes;
  if (!haveIt || first === undefined) throw violation('progress', `not all can read: ${readyReason(world)}`);
  tally(world.counts, 'readers: on every node');
  for (const node of world.nodes) clearPods(world, node);
  if (!takesTurn(world, first)) throw violation('progress', stuck(world, first));
}

function stuck(world: World, node: ModelNode): string {
  const ready = world.api.volume?.status.conditions.find(({ type }) => type === 'Ready');
  return `${node.name} does not get the volume: ${ready?.reason}: ${ready?.message}`;
}

/** Every byte goes that DeleteVolume ordered to go, and no other. */
export function endDeleted(world: World): void {
  const isDeleted = world.api.volume?.spec.deletion !== undefined;
  const isRemoved = () =>
    world.api.volume === undefined && world.nodes.every((node) => node.disk.tree === undefined);
  if (isDeleted && !until(world, isRemoved)) throw violation('deletion ends', copies(world));
  if (!isDeleted) for (let count = 0; count < 5; count += 1) round(world);
}

export function copies(world: World): string {
  return world.nodes
    .map(
      ({ name, disk }) =>
        `${name} ${disk.state?.phase.kind} ${[...contentsOf(disk.tree)].map((pair) => pair.join('=')).join(' ')}`,
    )
    .join('; ');
}

/** Every node that has an order has the same files. */
export function isOne(world: World): boolean {
  const trees = world.nodes
    .filter(({ name }) => world.api.replicas.has(name))
    .map(({ disk }) => JSON.stringify([...contentsOf(disk.tree)].map(String).toSorted()));
  return new Set(trees).size <= 1;
}
