/** Writing a replica's status: seldom, and never a claim before what it rests on is on the disk (handoff rule 20). */
import type { SyncthingReplica, SyncthingReplicaStatus } from '../desired/replica.ts';
import type { KubernetesClient } from '../kubernetes/client.ts';
import { isKubernetesError } from '../kubernetes/errors.ts';
import { SYNCTHING_REPLICAS } from '../kubernetes/resource-kind.ts';
import type { NodeContext } from './context.ts';
import { claimsMore, claimsPeer, lastReport, saysTheSame } from './replica-status.ts';

export interface ReportOptions {
  /** Somebody here waits for it: not held back, as what others may wait for is not either. */
  readonly isUrgent: boolean;
  readonly signal: AbortSignal;
}

export interface ReplicaReporter {
  /** How long to wait before it may be written; undefined when the API server has it. */
  report(
    replica: SyncthingReplica,
    status: SyncthingReplicaStatus,
    options: ReportOptions,
  ): Promise<number | undefined>;
}

/** A copy that receives many files reports once in so long. */
const THROTTLE_MS = 1_000;

type Context = Pick<NodeContext, 'volumes' | 'clock' | 'store' | 'syncFilesystems'>;

export function createReplicaReporter(
  ctx: Context,
  kubernetes: Pick<KubernetesClient, 'replaceStatus'>,
): ReplicaReporter {
  return {
    async report(replica, status, { isUrgent, signal }) {
      const record = ctx.volumes.record(replica.spec.folderId);
      const before = lastReport(record.written, replica, ctx.clock.now());
      if (before.status !== undefined && saysTheSame(before.status, status)) return undefined;
      const isNews = claimsPeer(before.status, status) || before.status?.generation !== status.generation;
      const waitMs = isUrgent || isNews ? 0 : before.at + THROTTLE_MS - ctx.clock.now();
      if (waitMs > 0) return waitMs;
      if (claimsMore(before.status, status)) await syncBoth(ctx, replica, signal);
      if (!(await write(kubernetes, replica, status, signal))) return undefined;
      record.written = { uid: replica.uid, at: ctx.clock.now(), status };
      return undefined;
    },
  };
}

/** The files, and Syncthing's database, whose commits are not synced by either version. */
function syncBoth(ctx: Context, { spec }: SyncthingReplica, signal: AbortSignal): Promise<void> {
  const { layout } = ctx.store;
  return ctx.syncFilesystems([layout.volume(spec.folderId).directory, layout.syncthingHome], signal);
}

/** False for a resource that is gone, or another now: the watch tells what came instead. */
async function write(
  kubernetes: Pick<KubernetesClient, 'replaceStatus'>,
  { name, uid }: SyncthingReplica,
  status: SyncthingReplicaStatus,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await kubernetes.replaceStatus(SYNCTHING_REPLICAS, { name, uid }, status, { signal });
    return true;
  } catch (error) {
    if (isKubernetesError(error, 'not-found', 'conflict')) return false;
    throw error;
  }
}
