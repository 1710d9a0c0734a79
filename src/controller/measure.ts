/** What the controller says of itself at /metrics. */
import { isAlive } from '../handoff/view.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Metrics } from '../runtime/metrics.ts';
import type { WorkFailure } from '../runtime/work-queue.ts';
import type { ControllerContext } from './context.ts';
import type { Reconciler } from './reconciler.ts';
import { nodesNow } from './volume-view.ts';

export interface ControllerMetrics {
  onFailure(failure: WorkFailure): void;
  setLeading(isLeading: boolean): void;
  /** The page of a scrape; the gauges are written anew from what is known. */
  render(metrics: Metrics, reconciler: Reconciler, ctx: ControllerContext): string;
}

export function measureController(metrics: Metrics, log: Logger): ControllerMetrics {
  const failures = metrics.counter(
    'syncthing_csi_reconcile_failures_total',
    'Reconciliations that failed and are tried again',
  );
  const leading = metrics.gauge('syncthing_csi_leading', '1 while this controller leads');
  const backlog = metrics.gauge('syncthing_csi_backlog', 'Volumes and nodes that wait to be looked at');
  const volumes = metrics.gauge('syncthing_csi_volumes', 'Volumes by the reason of a condition');
  const nodes = metrics.gauge('syncthing_csi_nodes', 'Nodes that run the driver, by whether they answer');
  return {
    onFailure({ key, error, failures: count, retryInMs }) {
      failures.add({ kind: key.split('/')[0] ?? key });
      log.error({ key, error, failures: count, retryInMs: Math.round(retryInMs) }, 'reconciliation failed');
    },
    setLeading: (isLeading) => leading.set({}, isLeading ? 1 : 0),
    render(all, reconciler, ctx) {
      backlog.set({}, reconciler.backlog());
      volumes.clear();
      for (const [key, count] of countConditions(ctx)) {
        const [condition = '', status = '', reason = ''] = key.split('|');
        volumes.set({ condition, status, reason }, count);
      }
      const byName = nodesNow(ctx);
      const view = { nodes: byName, now: ctx.clock.now(), settings: ctx.settings };
      const reporting = [...byName.values()].filter((node) => node.status !== undefined);
      const alive = reporting.filter((node) => isAlive(view, node.name)).length;
      nodes.set({ alive: 'yes' }, alive);
      nodes.set({ alive: 'no' }, reporting.length - alive);
      return all.render();
    },
  };
}

function countConditions(ctx: ControllerContext): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const volume of ctx.known.volumes.items()) {
    for (const { type, status, reason } of volume.status.conditions) {
      const key = `${type}|${status}|${reason}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  return counts;
}
