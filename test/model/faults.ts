/** What fails: power, processes, disks, networks, the API server; and what people do to nodes. */
import { count } from './counts.ts';
import { DIRECTORY, newDisk, parentOf, ROOT, type Tree } from './disk.ts';
import { watch } from './controller.ts';
import { reaches } from './reaches.ts';
import { dropSessions } from './exchange.ts';
import { flaggedOf, sendsOnly, typeOf } from './global-entry.ts';
import { mayGo } from './sharing-ledger.ts';
import { holdsAll } from './invariants.ts';
import type { ModelNode } from './model-node.ts';
import { forgiveTaken } from './lineage.ts';
import { look, writeLook } from './look.ts';
import { scanFolder } from './scan.ts';
import { clusterNode, LABEL, nextNumber, type World } from './world.ts';

export function killDaemon(world: World, node: ModelNode): void {
  if (!node.daemon.isOn) return;
  count(world.counts, 'fault: daemon killed');
  node.daemon.isOn = false;
  node.daemon.isScanned = false;
  node.daemon.restarts += 1;
  dropSessions(world, node);
}

export function startDaemon(node: ModelNode): void {
  if (!node.isOn || node.daemon.isOn) return;
  node.daemon.isOn = true;
  node.daemon.hasToScan = true;
  node.daemon.hasGivenUp = false;
}

/** Less is free than Syncthing wants; it gives the folder up when it is to write to it. */
export function fillDisk(world: World, node: ModelNode): void {
  if (!node.isFull) count(world.counts, 'fault: disk full');
  node.isFull = true;
}

/** Each file is as it was synced, or as it was last: `bits` chooses. */
function afterPowerCut(live: Tree | undefined, durable: Tree | undefined, bits: number): Tree | undefined {
  if (live === undefined) return undefined;
  if (durable === undefined) return new Map([[ROOT, DIRECTORY]]);
  const after: Tree = new Map();
  [...new Set([...live.keys(), ...durable.keys()])].sort().forEach((name, index) => {
    const file = ((bits >> index) & 1) === 1 ? live.get(name) : durable.get(name);
    if (file !== undefined) after.set(name, file);
  });
  after.set(ROOT, live.get(ROOT) ?? DIRECTORY);
  for (const name of Array.from(after.keys()))
    if (parentOf(name) === 'd' && !after.has('d')) after.delete(name);
  return after;
}

export function cutPower(world: World, node: ModelNode, bits: number): void {
  if (!node.isOn) return;
  count(world.counts, 'fault: power cut');
  const { disk } = node;
  disk.tree = afterPowerCut(disk.tree, disk.durableTree, bits);
  if (disk.database !== undefined && disk.durableDatabase !== undefined && (bits & 128) === 0) {
    if (disk.durableDatabase.sequence < disk.database.sequence)
      count(world.counts, 'fault: database rolled back');
    if (disk.durableDatabase.indexId === disk.database.indexId) disk.database = disk.durableDatabase;
  }
  forgiveTaken(world, disk);
  node.isOn = false;
  node.left = undefined;
  node.driver = undefined;
  node.staging = undefined;
  for (const [name, pod] of node.pods) {
    pod.mount = undefined;
    if (pod.isInApi) pod.phase = pod.phase === 'running' ? 'starting' : pod.phase;
    else node.pods.delete(name);
  }
  killDaemon(world, node);
}

export function bootNode(world: World, node: ModelNode): void {
  if (node.isOn) return;
  count(world.counts, 'fault: power back');
  node.isOn = true;
  startDaemon(node);
  for (const [name, pod] of node.pods) if (!pod.isInApi || pod.phase === 'ending') node.pods.delete(name);
}

function isInService({ api }: World, { name }: ModelNode): boolean {
  const isStale = api.volume?.status.stale.some((copy) => copy.node === name) === true;
  return api.clusterNodes.get(name)?.outOfService === false && !isStale;
}

/** Its copy is not the last that is known to have the volume: what people destroy themselves is theirs to mourn. */
function isSpare(world: World, node: ModelNode): boolean {
  const status = world.api.volume?.status;
  if (status === undefined) return true;
  const { grant, proven, base } = status;
  if (base.kind === 'empty' && proven === undefined) return grant?.node !== node.name;
  const holders = grant !== undefined && proven?.epoch === grant.epoch ? proven.holders : base.holders;
  return holders.some(({ storeId }) => {
    const holder = world.nodes.find(({ disk }) => disk.storeId === storeId);
    return holder !== undefined && holder !== node && isInService(world, holder) && holdsAll(world, holder);
  });
}

/** The node comes back under its name with an empty disk: another store, another device. */
export function replaceDisk(world: World, node: ModelNode): void {
  if (!(world.isShared ? mayGo(world, node) : isSpare(world, node))) return;
  if (node.isOn) cutPower(world, node, 0);
  count(world.counts, 'fault: empty disk');
  node.life += 1;
  node.disk = newDisk(node.name, node.life);
}

/** Where all who hold a volume lost their databases, nothing tells which files are right: a person has to. */
function isAnotherLost({ nodes, ledger, api }: World, node: ModelNode): boolean {
  const others = nodes.filter((other) => other !== node);
  const holders = api.volume?.status.base.holders ?? [];
  return others.some(({ disk: { storeId, mark }, disk }) => {
    const isUnproven = holders.some((holder) => holder.storeId === storeId && holder.index !== mark);
    return isUnproven || ledger.lostDatabases.has(storeId) || flaggedOf(disk).length > 0;
  });
}

/** Older copies would overwrite the only one that has it all, before anybody looks (docs/limitations.md). */
function isAloneAhead(world: World, node: ModelNode): boolean {
  const others = world.nodes.filter((other) => other !== node && other.disk.tree !== undefined);
  return others.length > 0 && !others.some((other) => holdsAll(world, other));
}

/**
 * Versions that another node counted are neither older nor newer than what the writer, or the only holder, counts
 * without its database, so that the time of the file decides, which a pod may set (docs/limitations.md).
 */
function isOnlyAuthor({ nodes }: World, { disk }: ModelNode): boolean {
  const entries = nodes.flatMap((node) => [...(node.disk.database?.local.values() ?? [])]);
  return entries.every(({ version }) => Object.keys(version).every((device) => device === disk.deviceId));
}

/** What it counts anew without its database becomes the volume's: it writes, or is about to, or nobody else holds it. */
function countsForAll({ api }: World, { name, disk }: ModelNode): boolean {
  const { grant, base } = api.volume?.status ?? {};
  return disk.state?.phase.kind === 'writer' || grant?.node === name || (base?.holders.length ?? 0) < 2;
}

/**
 * A writer whose session goes on scans again, and its files win then (handoff rule 15), over those of all that it hears
 * of before it ends; where it is the only data copy nobody else has to hear of it (docs/limitations.md).
 */
function willOverride({ api }: World, { disk }: ModelNode): boolean {
  const { holders = [] } = api.volume?.status.base ?? {};
  const copies = holders.filter(({ node }) => api.replicas.get(node)?.spec.role === 'data');
  return sendsOnly(disk) && disk.state?.phase.kind === 'writer' && copies.length > 1;
}

function mayLoseDatabase(world: World, node: ModelNode): boolean {
  if (node.disk.database === undefined || isAnotherLost(world, node) || isAloneAhead(world, node))
    return false;
  return !countsForAll(world, node) || willOverride(world, node) || isOnlyAuthor(world, node);
}

/** A daemon that finds none makes a new one, and looks at all files; that of a writer stays away for a while. */
export function loseDatabase(world: World, node: ModelNode): void {
  const { disk } = node;
  if (!mayLoseDatabase(world, node)) return;
  const isWriter = typeOf(disk) === 'sendreceive';
  count(world.counts, isWriter ? 'fault: database lost, writer' : 'fault: database lost, replica');
  world.ledger.lostDatabases.add(disk.storeId);
  if (countsForAll(world, node) && !willOverride(world, node)) world.ledger.forgetful.add(disk.storeId);
  for (const { mount } of node.pods.values())
    if (mount?.reading !== undefined) world.ledger.unsureReadings.add(`${disk.storeId} ${mount.reading}`);
  node.left = undefined;
  killDaemon(world, node);
  const indexId = nextNumber(world);
  disk.database = { indexId, sequence: 0, local: new Map(), remote: new Map() };
  disk.durableDatabase = disk.database;
  disk.mark = `mark-${indexId}`;
  if (isWriter || !node.isOn) return;
  startDaemon(node);
  scanFolder(world, node);
}

function isSeen(world: World, node: ModelNode): boolean {
  return reaches(world, node) && node.daemon.isOn && node.driver !== undefined;
}

function isWriting({ api, controller }: World, { name, disk, staging }: ModelNode): boolean {
  const { grant, readers = [] } = api.volume?.status ?? {};
  const isGiven = [grant, ...readers].some((right) => right?.node === name);
  return (
    isGiven || controller.status !== undefined || disk.state?.phase.kind === 'writer' || staging !== undefined
  );
}

/**
 * Files of a receiver vanish behind its daemon's back, and it notices. A wipe that no scan has seen yet is not to be
 * told from a good copy by any rule: that is for the scrub to find, and for the node's scan before it takes a grant.
 */
export function wipeReplica(world: World, node: ModelNode): void {
  const { disk } = node;
  if (!isSeen(world, node) || isWriting(world, node)) return;
  if (disk.tree === undefined || !isSpare(world, node) || isAnotherLost(world, node)) return;
  count(world.counts, 'fault: replica wiped');
  disk.tree = new Map([[ROOT, DIRECTORY]]);
  disk.durableTree = new Map(disk.tree);
  forgiveTaken(world, disk);
  scanFolder(world, node);
  look(world, node);
  writeLook(world, node);
  watch(world, 'replicas');
}

/** The daemon's own scan, whatever is there. */
export function daemonScans(world: World, node: ModelNode): void {
  if (node.isOn && node.daemon.isOn) scanFolder(world, node);
}

/** `node.kubernetes.io/out-of-service`: pods are taken out of the API while their containers may live. */
export function taint(world: World, node: ModelNode): void {
  const before = world.api.clusterNodes.get(node.name);
  if (before === undefined || before.outOfService) return;
  count(world.counts, node.isOn ? 'fault: taint on a node that runs' : 'fault: taint');
  world.ledger.lostNodes.add(node.name);
  setClusterNode(world, node.name, clusterNode(node.name, { ...before, outOfService: true }));
  forgetPods(node);
}

function forgetPods(node: ModelNode): void {
  for (const [name, pod] of node.pods) {
    pod.isInApi = false;
    if (!node.isOn) node.pods.delete(name);
  }
}

export function deleteNode(world: World, node: ModelNode): void {
  if (!world.api.clusterNodes.has(node.name)) return;
  count(world.counts, 'fault: Node object deleted');
  world.ledger.lostNodes.add(node.name);
  setClusterNode(world, node.name, undefined);
  forgetPods(node);
}

/** Taint off, or the Node object back. */
export function restoreNode(world: World, node: ModelNode): void {
  const before = world.api.clusterNodes.get(node.name);
  setClusterNode(world, node.name, clusterNode(node.name, { labels: before?.labels ?? { [LABEL]: 'yes' } }));
}

export function label(world: World, node: ModelNode, isLabelled: boolean): void {
  const before = world.api.clusterNodes.get(node.name);
  if (before === undefined) return;
  if (!isLabelled) count(world.counts, 'fault: label taken');
  setClusterNode(world, node.name, { ...before, labels: isLabelled ? { [LABEL]: 'yes' } : {} });
}

function setClusterNode(world: World, name: string, node: ReturnType<typeof clusterNode> | undefined): void {
  const nodes = new Map(world.api.clusterNodes);
  if (node === undefined) nodes.delete(name);
  else nodes.set(name, node);
  world.api.clusterNodes = nodes;
}

export function cutLink(world: World, from: ModelNode, to: ModelNode, isOneWay: boolean): void {
  if (from === to) return;
  count(world.counts, isOneWay ? 'fault: cut one way' : 'fault: partition');
  const ways = isOneWay
    ? [`${from.name}>${to.name}`]
    : [`${from.name}>${to.name}`, `${to.name}>${from.name}`];
  for (const way of ways) world.cuts.add(way);
  for (const node of [from, to]) dropSessions(world, node);
}

export function healLinks(world: World): void {
  world.cuts.clear();
}

export function cutApi(world: World, node: ModelNode): void {
  if (node.hasApi) count(world.counts, 'fault: node without API');
  node.hasApi = false;
}

/** By a person, who takes the word back, or does not. */
export function expel(world: World, { name }: Pick<ModelNode, 'name'>, isExpelled: boolean): void {
  const node = world.api.nodes.get(name);
  if (node === undefined || (node.spec.expelled === true) === isExpelled) return;
  count(world.counts, isExpelled ? 'fault: node expelled' : 'node trusted again');
  if (isExpelled) world.ledger.lostNodes.add(name);
  const { expelled: _, ...spec } = node.spec;
  const resourceVersion = String(nextNumber(world));
  const changed = { ...node, resourceVersion, spec: { ...spec, ...(isExpelled && { expelled: true }) } };
  world.api.nodes = new Map(world.api.nodes).set(name, changed);
}

/** Everything runs, is reached and is labelled as in the beginning. */
export function heal(world: World): void {
  world.isApiUp = true;
  healLinks(world);
  for (const node of world.nodes) {
    bootNode(world, node);
    startDaemon(node);
    Object.assign(node, { hasApi: true, hasKubelet: true, isSlow: false, isFull: false });
    restoreNode(world, node);
    expel(world, node, false);
    if (world.labelled.includes(node.name)) label(world, node, true);
  }
}
