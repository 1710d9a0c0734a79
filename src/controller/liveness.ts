/**
 * When a node last spoke, by the controller's own clock: a node whose clock is wrong is not taken for dead, and while
 * the controller itself hears nothing from the API server no node grows older. Nor does one where somebody sets the
 * controller's time of day.
 */
import type { SyncthingNode } from '../desired/node.ts';
import type { Clock } from '../runtime/clock.ts';

export interface Liveness {
  /** Call it for every state of every node that the watch brings. */
  observe(node: SyncthingNode): void;
  forget(name: string): void;
  /**
   * The node with its heartbeat in the controller's time, for a view. `contactAt`: of the collection of nodes, steady.
   */
  inOwnTime(node: SyncthingNode, contactAt: number | undefined): SyncthingNode;
  /** Since when this controller sees nodes, in its time of day: nobody was silent to it before. */
  watchingSince(): number;
}

interface Heard {
  readonly heartbeat: string;
  /** Steady; of what was said before this controller began it may lie before the clock's beginning. */
  readonly at: number;
}

export function createLiveness(clock: Clock): Liveness {
  const heard = new Map<string, Heard>();
  const begun = clock.steady();

  /** The first one seen may be of long ago; any later one was written since. */
  function hear(name: string, heartbeat: string): Heard {
    const before = heard.get(name);
    if (before?.heartbeat === heartbeat) return before;
    const age = before === undefined ? Math.max(0, clock.now() - Date.parse(heartbeat)) : 0;
    const at = clock.steady() - age;
    const next = { heartbeat, at };
    heard.set(name, next);
    return next;
  }
  return {
    observe(node) {
      if (node.status !== undefined) hear(node.name, node.status.heartbeat);
    },
    forget: (name) => void heard.delete(name),
    inOwnTime(node, contactAt) {
      if (node.status === undefined) return node;
      const now = clock.steady();
      const silence = contactAt === undefined ? 0 : Math.max(0, now - contactAt);
      const age = Math.max(0, now - hear(node.name, node.status.heartbeat).at - silence);
      const heartbeat = new Date(clock.now() - age).toISOString();
      return { ...node, status: { ...node.status, heartbeat } };
    },
    watchingSince: () => clock.now() - (clock.steady() - begun),
  };
}
