import type { ResharerReport } from '../desired/node-view.ts';
import { applyActions, isDoubtful, messageOf } from '../runtime/apply-actions.ts';
import { systemClock } from '../runtime/clock.ts';
import { helperPass, type Pass } from '../runtime/helper-pass.ts';
import { localSyncthing } from '../runtime/local-syncthing.ts';
import { createLogger } from '../runtime/logger.ts';
import type { SyncthingClient } from '../syncthing/client.ts';
import { applyResharer, replicasOf } from '../folders/apply.ts';
import { observeFolders } from '../folders/observe.ts';
import { appliedOrders, planResharer, refusedOrders, unscannedFolders } from '../folders/plan.ts';

/** The helper `resharer`: which folders the local Syncthing has, of which type, shared with whom. */
export async function main(): Promise<void> {
  const log = createLogger({ level: 'info', to: 'stderr', fields: { helper: 'resharer' } });
  const { stdin, stdout } = process;
  process.exitCode = await helperPass({ stdin, stdout, clock: systemClock, log, run: reshare });
}

async function reshare({ view, budget, log, signal }: Pass): Promise<ResharerReport> {
  using syncthing = await localSyncthing(view);
  const { client, needed } = syncthing;
  const report = await applyActions(planResharer(view, await needed(observeFolders(client, signal))), {
    budget,
    log,
    itemsOf: replicasOf,
    apply: (action) => applyResharer(client, action, { signal }),
  });
  const unsaved = isDoubtful(view, report) ? await unsavedReason(client, signal) : undefined;
  // Read again: an order counts as applied when it stands, not when it was sent.
  const after = await needed(observeFolders(client, signal));
  const refused = refusedOrders(view, after);
  for (const { item, reason } of refused) log.warn({ item, reason }, 'refused an order');
  const unscanned = unscannedFolders(view, after);
  if (unsaved !== undefined) {
    const failed = view.replicas.map(({ name }) => ({ item: name, reason: unsaved }));
    return { ...report, failed, applied: [], unscanned };
  }
  return {
    ...report,
    failed: [...report.failed, ...refused],
    applied: appliedOrders(view, after),
    unscanned,
  };
}

/** Undefined where all that can be read is on the disk. */
async function unsavedReason(client: SyncthingClient, signal: AbortSignal): Promise<string | undefined> {
  try {
    await client.configSettled({ signal });
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    return `Syncthing cannot save its configuration, so that nothing of it counts: ${messageOf(error)}`;
  }
}
