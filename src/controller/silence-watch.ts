import type { ViewContext } from './volume-view.ts';
import { nodesNow } from './volume-view.ts';

/** Notices when a node falls silent or speaks again, which no event says. */
export interface SilenceWatch {
  /** Nodes that have begun or ceased to count as alive since the last call. */
  changed(): readonly string[];
}

export function createSilenceWatch(ctx: ViewContext): SilenceWatch {
  let alive: ReadonlySet<string> = new Set();
  function aliveNow(): ReadonlySet<string> {
    const now = ctx.clock.now();
    const speaking = [...nodesNow(ctx).values()].filter(({ status }) => {
      return status !== undefined && now - Date.parse(status.heartbeat) <= ctx.settings.heartbeatTimeoutMs;
    });
    return new Set(speaking.map((node) => node.name));
  }
  return {
    changed() {
      const before = alive;
      alive = aliveNow();
      return [...new Set([...before, ...alive])].filter((node) => before.has(node) !== alive.has(node));
    },
  };
}
