/** What has to hold after every step (docs/handoff.md); each is told apart by its name. */
import { nothingIsLeftBehind } from './lineage.ts';
import { archivesOf } from '../../src/handoff/disk-state.ts';
import { contentsOf, unreadable } from './ledger.ts';
import type { ModelNode, PodMount } from './model-node.ts';
import { nothingIsLost } from './sharing-ledger.ts';
import { violation } from './violation.ts';
import type { World } from './world.ts';

function isSuperseded(world: World, epoch: number): boolean {
  return world.ledger.lostEpochs.has(epoch);
}

/** Pods that read under a right that the volume knows of, or has to know of. */
function readingPods({ ledger }: World, { disk, pods }: ModelNode): readonly PodMount[] {
  return [...pods.values()].flatMap(({ mount }) => {
    const isReading = mount?.reading !== undefined;
    return isReading && !ledger.lostReadings.has(`${disk.storeId} ${mount.reading}`) ? [mount] : [];
  });
}

/** Readers and a grant exclude each other, in the volume's status and on the nodes (handoff rule 36). */
function readersExcludeWriter(world: World): void {
  const { volume } = world.api;
  if (volume === undefined || volume.spec.deletion !== undefined) return;
  const { grant, readers } = volume.status;
  if (grant === undefined) return;
  const reading = world.nodes.filter((node) => readingPods(world, node).length > 0);
  const names = [...readers.map(({ node }) => node), ...reading.map(({ name }) => name)];
  if (names.length > 0)
    throw violation('readers and a grant exclude each other', `${grant.node}: ${names.join()}`);
}

/** One node at most has mounts that nobody fenced. */
function oneWriter(world: World): void {
  if (world.api.volume === undefined || world.api.volume.spec.deletion !== undefined) return;
  const writing = world.nodes.filter((node) =>
    [...node.pods.values()].some(
      ({ mount }) => mount !== undefined && mount.reading === undefined && !isSuperseded(world, mount.epoch),
    ),
  );
  if (writing.length > 1) throw violation('one writer at a time', writing.map(({ name }) => name).join());
}

/**
 * No other disk has what a fenced writer wrote after the fence. A copy that the fence has not reached is out as well,
 * and has to make way before anybody hears of it again (handoff rule 26).
 */
function fenceHolds({ api, ledger, nodes }: World): void {
  if (ledger.fenced.size === 0 || api.volume === undefined) return;
  const stale = new Set(api.volume.status.stale.map(({ storeId }) => storeId));
  for (const { name, disk } of nodes.filter((node) => !stale.has(node.disk.storeId))) {
    for (const file of disk.tree?.values() ?? []) {
      const origin = ledger.fenced.get(file.content);
      if (origin !== undefined && origin !== disk.storeId)
        throw violation('nothing written after the fence gets out', `${file.content} is on ${name}`);
    }
  }
}

/** Its session, or its right to read, was given up, or nothing is sure there any more. */
function isLeftBehind(world: World, { disk }: ModelNode, { epoch, reading }: PodMount): boolean {
  const { lostReadings, unsureReadings } = world.ledger;
  if (reading === undefined) return isSuperseded(world, epoch);
  const key = `${disk.storeId} ${reading}`;
  return lostReadings.has(key) || unsureReadings.has(key);
}

/** By any pod of its session; under a right to read nobody writes. */
function isWrittenUnder(
  { ledger }: World,
  { epoch, reading }: PodMount,
  { name, content }: { readonly name: string; readonly content: number },
): boolean {
  if (reading !== undefined) return false;
  return ledger.writes.some((each) => each.content === content && each.name === name && each.epoch === epoch);
}

/** Nothing changes the files of a pod but pods of its node; after a power cut its own lost writes may come back. */
function podsAreAlone(world: World, node: ModelNode): void {
  for (const [name, { mount }] of node.pods) {
    if (mount === undefined || isLeftBehind(world, node, mount)) continue;
    const files = contentsOf(node.disk.tree);
    for (const file of new Set([...files.keys(), ...mount.expected.keys()])) {
      const [found, expected] = [files.get(file) ?? 0, mount.expected.get(file) ?? 0];
      if (found === expected) continue;
      const isOwn =
        world.ledger.mayReappear.has(`${file}=${found}`) ||
        isWrittenUnder(world, mount, { name: file, content: found });
      if (!isOwn)
        throw violation(
          "a pod's files are its own",
          `${node.name} ${name}: ${file} is ${found} and was ${expected}`,
        );
      mount.expected.set(file, found);
    }
  }
}

/** Somewhere there is a disk from which what was acknowledged can be read. */
function bytesStay(world: World): void {
  if (world.ledger.acknowledged.files.size === 0) return;
  if (world.api.volume === undefined || world.api.volume.spec.deletion !== undefined) return;
  const holders = world.nodes.some((node) => holdsAll(world, node));
  if (!holders)
    throw violation('no bytes go that a state still needs', 'no disk has all that was acknowledged');
}

/** The trash has only what DeleteVolume or a leave by the volume's status ordered to go (handoff rules 31 and 32). */
function nothingGoesUnordered({ ledger, nodes }: World): void {
  if (ledger.isDeletionOrdered) return;
  for (const { name, disk } of nodes)
    if (disk.trash.length > 0 && !ledger.left.has(disk.storeId))
      throw violation('no bytes go without an order', name);
}

/** What only a lost lineage had stays in an archive, and the copy names each that has something (handoff rule 30). */
function archivesAreNamed({ nodes }: World): void {
  for (const { name, disk } of nodes) {
    if (disk.state === undefined) continue;
    const named = archivesOf(disk.state);
    for (const [archive, tree] of disk.archives)
      if (archive.startsWith('archive/') && tree.size > 0 && !named.includes(archive))
        throw violation('every archive is named', `${archive} on ${name}`);
  }
}

/** Files that a copy keeps as versions of what an unproven deletion took count as there. */
export function holdsAll({ ledger }: World, { disk }: ModelNode): boolean {
  const { files } = ledger.acknowledged;
  if (disk.tree === undefined) return files.size === 0;
  const wrong = unreadable(ledger, contentsOf(disk.tree)).map((text) => text.slice(0, text.indexOf(':')));
  return wrong.every((name) => {
    const isKept = disk.kept.some((kept) => kept.name === name && kept.file.content === files.get(name));
    return isKept || !files.has(name);
  });
}

export function checkInvariants(world: World): void {
  nothingGoesUnordered(world);
  if (world.isShared) {
    nothingIsLost(world);
    return;
  }
  archivesAreNamed(world);
  nothingIsLeftBehind(world);
  if (world.ledger.isAmbiguous) return;
  oneWriter(world);
  readersExcludeWriter(world);
  fenceHolds(world);
  for (const node of world.nodes) podsAreAlone(world, node);
  bytesStay(world);
}
