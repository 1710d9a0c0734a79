/** From changes to work: the queue of the leader, what puts keys into it, and the slow pass that misses nothing. */
import type { ClusterNode, SyncthingNode } from '../desired/node.ts';
import type { SyncthingReplica } from '../desired/replica.ts';
import type { SyncthingVolume } from '../desired/volume.ts';
import type { Change } from '../kubernetes/informer.ts';
import { exponentialBackoff } from '../runtime/backoff.ts';
import { createWorkQueue, type WorkFailure, type WorkQueue, type WorkResult } from '../runtime/work-queue.ts';
import type { ControllerContext } from './context.ts';
import { createSilenceWatch } from './silence-watch.ts';
import { reconcileNodes } from './reconcile-nodes.ts';
import { reconcileVolume } from './reconcile-volume.ts';
import {
  concernedByClusterNode,
  concernedByNode,
  concernedByReplica,
  concernedByVolume,
  type Concerned,
  type VolumesConcerned,
} from './routing.ts';

export interface Reconciler {
  onVolume(change: Change<SyncthingVolume>): void;
  onReplica(change: Change<SyncthingReplica>): void;
  onNode(change: Change<SyncthingNode>): void;
  onClusterNode(change: Change<ClusterNode>): void;
  /** A collection was listed anew: look at everything. */
  onSynced(): void;
  /** Works until the signal fires; only the leader runs it. It may be run again afterwards. */
  run(signal: AbortSignal): Promise<void>;
  /** Keys that wait or are worked on; 0 while not leading. */
  backlog(): number;
  /** Settles when nothing waits and nothing is worked on. */
  idle(): Promise<void>;
}

export interface ReconcilerOptions {
  readonly context: ControllerContext;
  /** In [0, 1), as Math.random. */
  readonly random: () => number;
  readonly onFailure: (failure: WorkFailure) => void;
}

const NODES_KEY = 'nodes';
const VOLUME_KEY = 'volume/';
const SAFETY_PASS_MS = 60_000;
const SILENCE_CHECK_MS = 5000;
/** The API server is the bottleneck; a volume that waits for an answer must not hold up the others. */
const CONCURRENCY = 8;

export function createReconciler({ context, random, onFailure }: ReconcilerOptions): Reconciler {
  const { known, liveness, clock } = context;
  const silence = createSilenceWatch(context);
  let queue: WorkQueue | undefined;

  function keysOf(volumes: VolumesConcerned): readonly string[] {
    if (volumes === 'none') return [];
    if (volumes === 'all') return known.volumes.items().map((volume) => volume.name);
    return volumes.of === undefined ? volumes.names : [...volumes.names, ...volumesOn(volumes.of)];
  }
  function volumesOn(node: string): readonly string[] {
    const copies = known.replicas.items().filter((replica) => replica.spec.node === node);
    const used = known.volumes.items().filter(({ status: { grant, readers, writers } }) => {
      return grant?.node === node || [...readers, ...writers].some((right) => right.node === node);
    });
    const wanted = known.nodes.get(node)?.status?.wanted ?? [];
    return [
      ...copies.map((copy) => copy.spec.volume),
      ...used.map((volume) => volume.name),
      ...wanted.map(({ volume }) => volume),
    ];
  }
  function route({ volumes, nodes }: Concerned): void {
    if (queue === undefined) return;
    if (nodes) queue.add(NODES_KEY);
    for (const name of new Set(keysOf(volumes))) queue.add(VOLUME_KEY + name);
  }
  function routeSilence(): void {
    for (const node of silence.changed()) route({ volumes: { names: [], of: node }, nodes: true });
  }
  function work(key: string, signal: AbortSignal): Promise<WorkResult | undefined> {
    if (key === NODES_KEY) return reconcileNodes(context, signal);
    return reconcileVolume(context, key.slice(VOLUME_KEY.length), signal);
  }
  function everything(): void {
    route({ volumes: 'all', nodes: true });
    // Orders whose volume is gone have nobody else who would ask for them.
    route({ volumes: { names: known.replicas.items().map((replica) => replica.spec.volume) }, nodes: false });
  }
  async function passes(signal: AbortSignal): Promise<void> {
    let sinceSafety = 0;
    while (!signal.aborted) {
      await clock.sleep(SILENCE_CHECK_MS, signal).catch(() => undefined);
      routeSilence();
      sinceSafety += SILENCE_CHECK_MS;
      if (sinceSafety < SAFETY_PASS_MS) continue;
      sinceSafety = 0;
      queue?.addAfter(NODES_KEY, random() * SAFETY_PASS_MS);
      const names = new Set([
        ...keysOf('all'),
        ...known.replicas.items().map((replica) => replica.spec.volume),
      ]);
      for (const name of names) queue?.addAfter(VOLUME_KEY + name, random() * SAFETY_PASS_MS);
    }
  }
  return {
    onVolume(change) {
      if (change.kind === 'removed') known.volumes.seenGone(change.object);
      else known.volumes.seen(change.object);
      route(concernedByVolume(change));
    },
    onReplica(change) {
      if (change.kind === 'removed') known.replicas.seenGone(change.object);
      else known.replicas.seen(change.object);
      const stale = known.volumes.get(change.object.spec.volume)?.status.stale ?? [];
      route(concernedByReplica(change, stale.length > 0));
    },
    onNode(change) {
      if (change.kind === 'removed') known.nodes.seenGone(change.object);
      else known.nodes.seen(change.object);
      if (change.kind === 'removed') liveness.forget(change.object.name);
      else liveness.observe(change.object);
      route(concernedByNode(change));
      routeSilence();
    },
    onClusterNode: (change) => route(concernedByClusterNode(change, context.storageLabel)),
    onSynced: everything,
    async run(signal) {
      const backoff = exponentialBackoff({ firstMs: 100, maxMs: 30_000, random });
      queue = createWorkQueue({ clock, concurrency: CONCURRENCY, backoff, work, onError: onFailure });
      everything();
      try {
        await Promise.all([queue.run(signal), passes(signal)]);
      } finally {
        queue = undefined;
      }
    },
    backlog: () => queue?.size() ?? 0,
    idle: async () => queue?.idle(),
  };
}
