import type { NodeView, PassFailure, PassReport } from '../desired/node-view.ts';
import type { Clock } from './clock.ts';
import type { Logger } from './logger.ts';

/** What one pass of a helper may use; `endsAt` is in the clock's milliseconds. */
export interface Budget {
  readonly clock: Clock;
  readonly endsAt: number;
}

export function isOver(budget: Budget): boolean {
  return budget.clock.now() >= budget.endsAt;
}

export interface ApplyOptions<Action extends { readonly kind: string }> {
  readonly budget: Budget;
  readonly log: Logger;
  /** The names under which a failure of the action is reported: nodes, replicas, folders. */
  readonly itemsOf: (action: Action) => readonly string[];
  readonly apply: (action: Action) => Promise<PassReport>;
}

const NOTHING: PassReport = { changed: 0, failed: [], more: false };

/** The outcome of an action that did what it says. */
export function changed(count: number, failed: readonly PassFailure[] = []): PassReport {
  return { changed: count, failed, more: false };
}

/**
 * Carries out a plan in its order. An action that fails does not keep the others from being tried. When the budget is
 * over, no further action is begun; the first one always is, so that every pass gets somewhere (handoff rule 38).
 */
export async function applyActions<Action extends { readonly kind: string }>(
  actions: readonly Action[],
  options: ApplyOptions<Action>,
): Promise<PassReport> {
  let report = NOTHING;
  for (const [index, action] of actions.entries()) {
    if (index > 0 && isOver(options.budget)) return { ...report, more: true };
    report = sum(report, await attempt(action, options));
  }
  return report;
}

async function attempt<Action extends { readonly kind: string }>(
  action: Action,
  { log, itemsOf, apply }: ApplyOptions<Action>,
): Promise<PassReport> {
  const items = itemsOf(action);
  try {
    const report = await apply(action);
    log.info({ action: action.kind, items, changed: report.changed }, 'applied');
    return report;
  } catch (error) {
    log.warn({ action: action.kind, items, error }, 'could not apply');
    return { ...NOTHING, failed: items.map((item) => ({ item, reason: messageOf(error) })) };
  }
}

/**
 * Something failed, in this pass or in the one before it, so that what can be read of Syncthing's configuration may be
 * neither carried out nor saved: nothing is claimed before that has settled.
 */
export function isDoubtful({ failedLast }: Pick<NodeView, 'failedLast'>, { failed }: PassReport): boolean {
  return failed.length > 0 || failedLast.length > 0;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function sum(one: PassReport, other: PassReport): PassReport {
  return {
    changed: one.changed + other.changed,
    failed: [...one.failed, ...other.failed],
    more: one.more || other.more,
  };
}
