import type { DeleterReport, NodeView, PassFailure } from '../desired/node-view.ts';
import { applyActions, messageOf } from '../runtime/apply-actions.ts';
import { systemClock, type Clock } from '../runtime/clock.ts';
import { helperPass, type Pass } from '../runtime/helper-pass.ts';
import { createLogger } from '../runtime/logger.ts';
import { applyDeleter } from './apply.ts';
import { observeDisk, observeFolders } from './observe.ts';
import { planDeleter, refusedRemovals, removalFacts, type ObservedStore } from './plan.ts';

/** The helper `deleter`: folders and bytes that are to go. */
export async function main(): Promise<void> {
  const log = createLogger({ level: 'info', to: 'stderr', fields: { helper: 'deleter' } });
  const { stdin, stdout } = process;
  process.exitCode = await helperPass({ stdin, stdout, clock: systemClock, log, run: remove });
}

async function remove(pass: Pass): Promise<DeleterReport> {
  const { view, budget, log } = pass;
  const before = await observe(pass, budget.clock);
  const report = await applyActions(planDeleter(view, before.store), {
    budget,
    log,
    itemsOf: ({ item }) => [item],
    apply: (action) => applyDeleter(pass, action),
  });
  const after = await observe(pass, budget.clock);
  const refused = [...refusedRemovals(view, after.store), ...after.failed];
  for (const { item, reason } of refused) log.warn({ item, reason }, 'refused');
  return { ...report, failed: [...report.failed, ...refused], ...removalFacts(view, after.store) };
}

interface Observed {
  readonly store: ObservedStore;
  readonly failed: readonly PassFailure[];
}

/** Without an answer from Syncthing old trash still goes: a full disk may be the reason that it does not start. */
async function observe(
  { view, signal }: { readonly view: NodeView; readonly signal: AbortSignal },
  clock: Clock,
): Promise<Observed> {
  const disk = { ...(await observeDisk(view)), now: clock.now() };
  try {
    return { store: { ...disk, ...(await observeFolders(view, signal)) }, failed: [] };
  } catch (error) {
    return { store: disk, failed: [{ item: 'syncthing', reason: messageOf(error) }] };
  }
}
