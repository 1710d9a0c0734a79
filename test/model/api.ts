/** The API server: compare-and-swap on what is there, and the ledger told of what a status acknowledges. */
import type { SyncthingNode, SyncthingNodeSpec, SyncthingNodeStatus } from '../../src/desired/node.ts';
import type { SyncthingReplica, SyncthingReplicaStatus } from '../../src/desired/replica.ts';
import { replicaName } from '../../src/desired/replica-name.ts';
import type { OrderAction } from '../../src/controller/plan-volume.ts';
import type {
  Base,
  Grant,
  Holder,
  SyncthingVolume,
  SyncthingVolumeStatus,
} from '../../src/desired/volume.ts';
import { count, type Counts } from './counts.ts';
import { holdsAll } from './invariants.ts';
import { acknowledge, acknowledgeEnd } from './ledger.ts';
import { tellWriters } from './sharing-ledger.ts';
import { violation } from './violation.ts';
import { nextNumber, VOLUME, type World } from './world.ts';

function version(world: World): string {
  return String(nextNumber(world));
}

/** What follows from a status for who may read what, from the moment that it stands. */
function tellLedger(world: World, before: SyncthingVolumeStatus, after: SyncthingVolumeStatus): void {
  const { ledger, counts } = world;
  if (after.proven !== undefined && after.proven !== before.proven) {
    count(counts, 'proof: joined');
    acknowledge(ledger, after.proven.scanStartedAt);
  }
  if (before.grant !== undefined) {
    const end = endOf(before.grant, before.base, after);
    count(counts, `grant: ${end}`);
    tellEnd(world, before.grant, end, after);
  }
  if (after.grant !== undefined && after.grant.epoch !== before.grant?.epoch) tellGrant(world, after.grant);
  tellReaders(world, before, after);
  tellWriters(world, before, after);
  if (after.leaving !== undefined) ledger.left.add(after.leaving.storeId);
  countBase(counts, before.base, after.base);
  countRest(counts, before, after);
}

/** A reader goes when its pods have gone, or when its node is lost, or the volume is to go. */
function tellReaders(
  { api, counts, ledger, nodes }: World,
  before: SyncthingVolumeStatus,
  after: SyncthingVolumeStatus,
): void {
  const gone = before.readers.filter(
    (reader) => !after.readers.some(({ node, since }) => node === reader.node && since === reader.since),
  );
  for (const { node: name, storeId, since } of gone) {
    const node = nodes.find((each) => each.name === name && each.disk.storeId === storeId);
    const isMounted = [...(node?.pods.values() ?? [])].some(({ mount }) => mount?.reading === since);
    count(counts, isMounted ? 'reader: lost' : 'reader: ended');
    if (!isMounted) continue;
    ledger.lostReadings.add(`${storeId} ${since}`);
    const isDeleted = api.volume?.spec.deletion !== undefined;
    if (!isDeleted && !ledger.lostNodes.has(name))
      throw violation('a reader is one until it has ended', name);
  }
}

function countBase(counts: Counts, before: Base, after: Base): void {
  if (before.epoch !== after.epoch || before.session !== after.session) return;
  const rows = changesOf(before.holders, after.holders);
  for (const row of rows) count(counts, `base: ${row}`);
}

function changesOf(before: readonly Holder[], after: readonly Holder[]): readonly string[] {
  const joined = after
    .filter((holder) => !before.some(({ node }) => node === holder.node))
    .map(() => 'holder joined');
  const struck = before
    .filter((holder) => !after.some(({ node }) => node === holder.node))
    .map(() => 'holder struck');
  const recounted = after
    .filter((holder) =>
      before.some(({ node, sequence }) => node === holder.node && sequence > holder.sequence),
    )
    .map(() => 'holder counted anew');
  return [...joined, ...struck, ...recounted];
}

function countRest(counts: Counts, before: SyncthingVolumeStatus, after: SyncthingVolumeStatus): void {
  if (after.leaving !== undefined && before.leaving === undefined) count(counts, 'leave: begun');
  if (after.leaving === undefined && before.leaving !== undefined) count(counts, 'leave: ended');
  if (after.stale.length < before.stale.length) count(counts, 'stale: ended');
  for (const { type, status, reason } of after.conditions)
    count(counts, `condition: ${type} ${status} ${reason}`);
}

/** A new epoch is above all that were ever reported (handoff rule 4). */
function tellGrant({ counts, controller }: World, { epoch }: Grant): void {
  count(counts, 'grant: given');
  const seen = [...controller.cache.replicas.values()].find(
    ({ status }) => (status?.highestEpoch ?? 0) >= epoch,
  );
  if (seen !== undefined)
    throw violation('an epoch is given once', `${epoch}, which ${seen.spec.node} saw already`);
}

type End = 'failed over' | 'handed off' | 'untouched' | 'goes on';

/** How a grant ended, if it did. */
function endOf(grant: Grant, before: Base, { grant: next, base }: SyncthingVolumeStatus): End {
  if (base.kind === 'failover' && base.epoch > before.epoch) return 'failed over';
  if (base.kind === 'handoff' && base.epoch === grant.epoch) return 'handed off';
  return next?.epoch === grant.epoch ? 'goes on' : 'untouched';
}

function tellEnd(world: World, grant: Grant, end: End, { base }: SyncthingVolumeStatus): void {
  const { ledger, api } = world;
  if (end === 'failed over') ledger.lostEpochs.add(grant.epoch);
  if (end !== 'handed off') return;
  acknowledgeEnd(ledger, base);
  const isData = (node: string): boolean => api.replicas.get(node)?.spec.role === 'data';
  const isThere = world.nodes.some((node) => isData(node.name) && holdsAll(world, node));
  // A copy that was proven, and whose files people took away since, is not for this to find.
  const isProven = api.volume?.status.proven?.holders.some(({ node }) => isData(node)) === true;
  if (!isThere && !isProven && !ledger.isAmbiguous)
    throw violation('a hand-off is held by a data node', base.holders.map(({ node }) => node).join());
}

export function writeVolumeStatus(
  world: World,
  from: SyncthingVolume,
  status: SyncthingVolumeStatus,
): SyncthingVolume | undefined {
  const { volume } = world.api;
  if (volume === undefined || volume.resourceVersion !== from.resourceVersion) return undefined;
  tellLedger(world, volume.status, status);
  const written = { ...volume, status, resourceVersion: version(world) };
  world.api.volume = written;
  return written;
}

export function setReplica(world: World, node: string, replica: SyncthingReplica | undefined): void {
  const replicas = new Map(world.api.replicas);
  if (replica === undefined) replicas.delete(node);
  else replicas.set(node, replica);
  world.api.replicas = replicas;
}

/** False where what is there is not what the plan was made from. */
export function writeOrder(world: World, action: OrderAction): boolean {
  const node = action.kind === 'create' ? action.spec.node : action.replica.spec.node;
  const live = world.api.replicas.get(node);
  if (action.kind === 'create') {
    if (live !== undefined) return false;
    setReplica(world, node, {
      name: replicaName(VOLUME, node),
      uid: `uid-${version(world)}`,
      resourceVersion: version(world),
      generation: 1,
      finalizers: [],
      spec: action.spec,
    });
    return true;
  }
  if (live === undefined) return action.kind === 'drop';
  if (live.uid !== action.replica.uid || live.resourceVersion !== action.replica.resourceVersion)
    return false;
  if (action.kind === 'update') {
    const generation = live.generation + 1;
    setReplica(world, node, { ...live, spec: action.spec, generation, resourceVersion: version(world) });
    return true;
  }
  if (action.kind === 'bury' && !bury(world, node, action)) return false;
  setReplica(world, node, undefined);
  return true;
}

/** The node still is as silent as it was when it was taken for dead. */
export function isStillSilent(world: World, name: string): boolean {
  const known = world.controller.cache.nodes.get(name)?.status?.heartbeat;
  const live = world.api.nodes.get(name);
  return live === undefined || live.status?.heartbeat === known;
}

function bury(
  world: World,
  name: string,
  { storeId, onDelete }: Extract<OrderAction, { kind: 'bury' }>,
): boolean {
  if (!isStillSilent(world, name)) return false;
  const node = world.api.nodes.get(name);
  const folderId = world.api.volume?.volumeId ?? '';
  if (node === undefined) return true;
  const tombstones = [...node.spec.tombstones, { folderId, storeId, onDelete }];
  writeNodeSpec(world, node, { ...node.spec, tombstones });
  return true;
}

export function setNode(world: World, node: SyncthingNode): void {
  world.api.nodes = new Map(world.api.nodes).set(node.name, node);
}

export function writeNodeSpec(world: World, from: SyncthingNode, spec: SyncthingNodeSpec): boolean {
  const live = world.api.nodes.get(from.name);
  if (live === undefined || live.resourceVersion !== from.resourceVersion) return false;
  setNode(world, { ...live, spec, generation: live.generation + 1, resourceVersion: version(world) });
  return true;
}

export function writeNodeStatus(world: World, name: string, status: SyncthingNodeStatus): void {
  const live = world.api.nodes.get(name);
  const made: SyncthingNode = {
    name,
    uid: `uid-${name}`,
    resourceVersion: '1',
    generation: 1,
    finalizers: [],
    spec: { fenced: [], devices: [], tombstones: [] },
  };
  setNode(world, { ...(live ?? made), status, resourceVersion: version(world) });
}

/** By uid alone: a report of an order that is gone goes nowhere. */
export function writeReport(
  world: World,
  replica: SyncthingReplica,
  status: SyncthingReplicaStatus,
): boolean {
  const node = replica.spec.node;
  const live = world.api.replicas.get(node);
  if (live === undefined || live.uid !== replica.uid) return false;
  setReplica(world, node, { ...live, status, resourceVersion: version(world) });
  return true;
}
