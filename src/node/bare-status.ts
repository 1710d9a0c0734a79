import type { SyncthingReplica, SyncthingReplicaStatus } from '../desired/replica.ts';
import type { NodeContext } from './context.ts';
import { highestOf } from './replica-status.ts';

export interface BareFacts {
  readonly removed: boolean;
  readonly message?: string;
}

/** A report without a state.json to speak of: it claims nothing, so that no proof rests on it. */
export function bareStatus(
  ctx: Pick<NodeContext, 'store' | 'clock' | 'volumes'>,
  { spec, status }: SyncthingReplica,
  facts: BareFacts,
): SyncthingReplicaStatus {
  const { applied } = ctx.volumes.record(spec.folderId);
  return {
    storeId: ctx.store.storeId,
    epoch: applied?.epoch ?? 0,
    generation: applied?.generation ?? 0,
    ...highestOf(status?.storeId === ctx.store.storeId ? status : { highestEpoch: 0 }),
    mounts: [],
    ...facts,
    observedAt: new Date(ctx.clock.now()).toISOString(),
  };
}
