/** The view that a helper gets (src/desired/node-view.ts). */
import path from 'node:path';
import type { NodeView, ReplicaOrder } from '../desired/node-view.ts';
import type { SyncthingNode } from '../desired/node.ts';
import type { SyncthingReplica } from '../desired/replica.ts';
import type { DiskState } from '../handoff/disk-state.ts';
import { isKubernetesError } from '../kubernetes/errors.ts';
import { SYNCTHING_NODES, SYNCTHING_REPLICAS } from '../kubernetes/resource-kind.ts';
import type { HelperName } from '../runtime/plan-rounds.ts';
import type { NodeContext } from './context.ts';
import { dropStaging } from './drop-staging.ts';
import { NodeError } from './errors.ts';
import { isScanMade } from './peers-go.ts';
import { volumeMounts } from './volume-mounts.ts';

export interface RoundSources {
  /** Every order of this node, from a synced watch: a folder that none of them names is paused. */
  readonly replicas: () => readonly SyncthingReplica[];
  /** Names of those that are there and cannot be read. */
  readonly unreadable: () => readonly string[];
  readonly node: () => SyncthingNode | undefined;
  /** Of Kubernetes' own Node. */
  readonly labels: () => Readonly<Record<string, string>>;
  readonly storageLabel: string;
  readonly syncthingSocket: string;
  readonly trashGraceMs: number;
  readonly budgetMs: number;
}

export interface ViewOptions {
  /** Whose turn it is: what orders bytes to go is confirmed for the deleter alone. */
  readonly helper: HelperName;
  /** Items that failed in its pass before. */
  readonly failedLast: readonly string[];
  readonly signal: AbortSignal;
}

export async function roundView(
  ctx: NodeContext,
  sources: RoundSources,
  options: ViewOptions,
): Promise<NodeView> {
  const { layout, storeId } = ctx.store;
  const tombstones = await liveTombstones(ctx, sources, options);
  for (const { folderId } of tombstones.filter((tombstone) => tombstone.storeId === storeId))
    await dropStaging(ctx, folderId, options.signal);
  const { states, newer } = await readStates(ctx);
  const given = await orders(ctx, sources.replicas(), options);
  const replicas = given.map((order) => (newer.has(order.spec.folderId) ? keptBack(order) : order));
  const order = orderOf(sources.node());
  return {
    node: ctx.node,
    driverName: ctx.driverName,
    storeId,
    hostDataDir: layout.hostDataDir,
    syncthing: {
      socketPath: sources.syncthingSocket,
      apiKeyFile: path.join(layout.syncthingHome, 'api-key'),
    },
    labels: sources.labels(),
    storageLabel: sources.storageLabel,
    ...(order !== undefined && { order }),
    replicas,
    unreadable: sources.unreadable(),
    states,
    scanned: replicas.filter((each) => isScanned(ctx, each)).map(({ spec }) => spec.folderId),
    mounted: await mountedOf(ctx, foldersInTheWay(replicas, states, tombstones)),
    confirmedTombstones: tombstones,
    budgetMs: sources.budgetMs,
    failedLast: options.failedLast,
    trashGraceMs: sources.trashGraceMs,
  };
}

function isScanned({ volumes }: NodeContext, { spec, generation }: ReplicaOrder): boolean {
  return isScanMade(volumes.record(spec.folderId), generation);
}

/** The first generation is the one that this node made: the controller has said nothing yet, not even "no fence". */
function orderOf(node: SyncthingNode | undefined): SyncthingNode['spec'] | undefined {
  return node === undefined || node.generation <= 1 ? undefined : node.spec;
}

interface FoundStates {
  readonly states: Readonly<Record<string, DiskState>>;
  /** Written by a newer version of the driver. */
  readonly newer: ReadonlySet<string>;
}

/** One that cannot be read stays out: its folder is left as it is, and the replica's report says why. */
async function readStates(ctx: NodeContext): Promise<FoundStates> {
  const states: Record<string, DiskState> = {};
  const newer = new Set<string>();
  for (const folderId of await ctx.states.list()) {
    try {
      const state = await ctx.states.read(folderId);
      if (state !== undefined) states[folderId] = state;
    } catch (error) {
      ctx.log.warn({ error, folderId }, 'a state.json cannot be read');
      if (error instanceof NodeError && error.kind === 'newer-state') newer.add(folderId);
    }
  }
  return { states, newer };
}

/** The copy may have what no other has, which only that version can tell; a deleted volume needs none of it. */
function keptBack(order: ReplicaOrder): ReplicaOrder {
  return order.spec.removal === 'leave' ? { ...order, removalConfirmed: false } : order;
}

async function orders(
  ctx: NodeContext,
  replicas: readonly SyncthingReplica[],
  options: ViewOptions,
): Promise<readonly ReplicaOrder[]> {
  const found: ReplicaOrder[] = [];
  for (const replica of replicas) {
    const { name, uid, generation, spec } = replica;
    const removalConfirmed = await isRemovalConfirmed(ctx, replica, options);
    found.push({ name, uid, generation, spec, removalConfirmed });
  }
  return found;
}

/**
 * Read live just before the pass: what a watch saw a moment ago may have been taken back (handoff rule 34). An order
 * that came after pods were shut out of what was to go has the next pass.
 */
async function isRemovalConfirmed(
  ctx: NodeContext,
  replica: SyncthingReplica,
  { helper, signal }: ViewOptions,
): Promise<boolean> {
  const { name, uid, spec } = replica;
  if (spec.removal === undefined || helper !== 'deleter' || !isGoing(ctx, spec)) return false;
  try {
    const now = await ctx.kubernetes.get(SYNCTHING_REPLICAS, name, { signal });
    return now.uid === uid && now.spec.removal === spec.removal && now.spec.folderId === spec.folderId;
  } catch (error) {
    signal.throwIfAborted();
    ctx.log.warn({ error, replica: name }, 'an order to remove cannot be confirmed');
    return false;
  }
}

function isGoing({ volumes }: NodeContext, { folderId }: { readonly folderId: string }): boolean {
  return volumes.record(folderId).isGoing === true;
}

/** What a pass of the deleter may take away: pods are kept out of these before the view is made. */
export function mayGo({ replicas, node }: Pick<RoundSources, 'replicas' | 'node'>): ReadonlySet<string> {
  const ordered = replicas().filter(({ spec }) => spec.removal !== undefined);
  const tombstones = node()?.spec.tombstones ?? [];
  return new Set([
    ...ordered.map(({ spec }) => spec.folderId),
    ...tombstones.map(({ folderId }) => folderId),
  ]);
}

type Tombstones = NodeView['confirmedTombstones'];

async function liveTombstones(
  ctx: NodeContext,
  { node }: RoundSources,
  { helper, signal }: ViewOptions,
): Promise<Tombstones> {
  if (helper !== 'deleter' || (node()?.spec.tombstones.length ?? 0) === 0) return [];
  try {
    const { spec } = await ctx.kubernetes.get(SYNCTHING_NODES, ctx.node, { signal });
    return spec.tombstones.filter((tombstone) => isGoing(ctx, tombstone));
  } catch (error) {
    signal.throwIfAborted();
    if (!isKubernetesError(error, 'not-found')) ctx.log.warn({ error }, 'tombstones cannot be confirmed');
    return [];
  }
}

/** Only where a mount changes what a helper does: looking through every process for each volume takes its time. */
function foldersInTheWay(
  replicas: readonly ReplicaOrder[],
  states: Readonly<Record<string, DiskState>>,
  tombstones: Tombstones,
): ReadonlySet<string> {
  const removed = replicas.filter(({ spec }) => spec.removal !== undefined).map(({ spec }) => spec.folderId);
  const rejoining = Object.values(states).filter(({ phase }) => phase.kind === 'rejoining');
  return new Set([
    ...removed,
    ...rejoining.map(({ folderId }) => folderId),
    ...tombstones.map(({ folderId }) => folderId),
  ]);
}

async function mountedOf(ctx: NodeContext, folderIds: ReadonlySet<string>): Promise<readonly string[]> {
  const mounted: string[] = [];
  for (const folderId of folderIds) {
    const { pods, staging } = await volumeMounts(ctx, folderId);
    if (pods.length + staging.length > 0) mounted.push(folderId);
  }
  return mounted;
}
