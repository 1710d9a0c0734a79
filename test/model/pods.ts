/** Pods come, write and end; those of a cut-off node write on. */
import { DIRECTORY, putFile } from './disk.ts';
import { count } from './counts.ts';
import { noteOverwritten, noteRenamed } from './sharing-ledger.ts';
import type { Ledger } from './ledger.ts';
import type { ModelNode, Pod, PodMount } from './model-node.ts';
import { nextNumber, type World } from './world.ts';

export const FILES = ['a', 'b', 'd/x'] as const;

export function startPod(world: World, node: ModelNode, name: string): void {
  if (!node.isOn || node.pods.has(name) || world.api.clusterNodes.get(node.name) === undefined) return;
  node.pods.set(name, { phase: 'starting', isInApi: true, mount: undefined });
}

/** Its containers end; the kubelet unpublishes later. */
export function endPod(node: ModelNode, name: string): void {
  const pod = node.pods.get(name);
  if (pod === undefined) return;
  pod.phase = 'ending';
  if (pod.mount === undefined) node.pods.delete(name);
}

function writers(node: ModelNode): readonly (readonly [Pod, PodMount])[] {
  if (!node.isOn) return [];
  return [...node.pods.values()].flatMap((pod) =>
    pod.phase === 'running' && pod.mount !== undefined && pod.mount.reading === undefined
      ? [[pod, pod.mount] as const]
      : [],
  );
}

/** A deletion, or the new name of a file that was written before the fence. */
function isKnown({ writes }: Ledger, content: number): boolean {
  return content === 0 || writes.some((write) => write.content === content && !write.isFenced);
}

/** Every pod of the node sees the same directory. */
function record(world: World, node: ModelNode, name: string, content: number): void {
  const { ledger } = world;
  const [first] = writers(node);
  if (first === undefined) return;
  const { epoch } = first[1];
  const isFenced = ledger.lostEpochs.has(epoch);
  ledger.writes.push({ name, content, node: node.name, storeId: node.disk.storeId, epoch, isFenced });
  if (isFenced) count(world.counts, 'fault: write after the fence');
  if (isFenced && !isKnown(ledger, content)) ledger.fenced.set(content, node.disk.storeId);
  for (const [, { expected }] of writers(node)) {
    if (content === 0) expected.delete(name);
    else expected.set(name, content);
  }
}

/** Also with an older time than the file had, as archivers restore it. */
export function write(world: World, node: ModelNode, name: string, isOldTime: boolean): void {
  if (writers(node).length === 0) return;
  noteOverwritten(world, node, name);
  const content = nextNumber(world);
  if (name.includes('/') && node.disk.tree?.has('d') !== true) putFile(node.disk, 'd', DIRECTORY);
  const mtime = isOldTime ? 1_000 + content : world.now;
  putFile(node.disk, name, { content, mtime, isDirectory: false, ctime: 0 });
  record(world, node, name, content);
  count(world.counts, 'pod: write');
}

export function remove(world: World, node: ModelNode, name: string): void {
  if (writers(node).length === 0 || node.disk.tree?.has(name) !== true) return;
  noteOverwritten(world, node, name);
  putFile(node.disk, name, undefined);
  record(world, node, name, 0);
  count(world.counts, 'pod: delete');
}

export function rename(world: World, node: ModelNode, from: string, to: string): void {
  const file = node.disk.tree?.get(from);
  if (writers(node).length === 0 || file === undefined || from === to) return;
  if (to.includes('/') && node.disk.tree?.has('d') !== true) return;
  noteOverwritten(world, node, to);
  noteRenamed(world, file.content);
  putFile(node.disk, from, undefined);
  putFile(node.disk, to, file);
  record(world, node, from, 0);
  record(world, node, to, file.content);
  count(world.counts, 'pod: rename');
}
