import type { SyncthingReplica } from '../desired/replica.ts';
import type { DiskState } from '../handoff/disk-state.ts';
import { applyResharer } from '../folders/apply.ts';
import { observeFolders } from '../folders/observe.ts';
import { planResharer } from '../folders/plan.ts';
import { messageOf } from '../runtime/apply-actions.ts';
import type { NodeContext } from './context.ts';

/** In the place of a folder id, for the lock under which Syncthing's folders are planned and changed. */
export const ALL_FOLDERS = '*';

/**
 * Under the lock nobody else's folder is changed, neither by another call nor by a pass, and after a node's start many
 * calls come while Syncthing looks through their folders: each would hold up those whose folder is ready.
 */
const BUSY_MS = 500;

/**
 * Gives the folder of a copy that took its grant the type of a writer, or of one whose session is over that of a receiver,
 * as the resharer would: by its plan, between two of its passes. A pod waits for this, and a process takes longer to start than all the rest of the way. What cannot be
 * done here is left to the round that follows. The caller holds the volume's mutex.
 */
export async function switchFolder(ctx: NodeContext, state: DiskState, signal: AbortSignal): Promise<void> {
  const record = ctx.volumes.record(state.folderId);
  try {
    await ctx.mutex.run(ALL_FOLDERS, async () => {
      // As it is when it is this call's turn: a pass that was before it may have carried out a later one.
      if (record.order !== undefined) await carryOut(ctx, record.order, state, signal);
    });
  } catch (error) {
    record.refused = messageOf(error);
    signal.throwIfAborted();
    ctx.log.warn({ error, folderId: state.folderId }, 'a folder could not be switched at once');
  } finally {
    ctx.wake.round('folders');
  }
}

async function carryOut(
  ctx: NodeContext,
  { name, uid, generation, spec }: SyncthingReplica,
  state: DiskState,
  signal: AbortSignal,
): Promise<void> {
  const { node, store, syncthing, volumes } = ctx;
  const view = {
    node,
    storeId: store.storeId,
    hostDataDir: store.layout.hostDataDir,
    replicas: [{ name, uid, generation, spec, removalConfirmed: false }],
    states: { [state.folderId]: state },
    mounted: [],
    scanned: [],
    failedLast: [],
  };
  for (const action of planResharer(view, await observeFolders(syncthing, signal))) {
    if (action.kind !== 'put') continue;
    const { failed } = await applyResharer(syncthing, action, { signal, busyMs: BUSY_MS });
    volumes.record(state.folderId).refused = failed[0]?.reason;
  }
}
