/**
 * When a node last spoke, by the controller's own clock: a node whose clock is wrong is not taken for dead, and while
 * the controller itself hears nothing from the API server no node grows older.
 */
import type { SyncthingNode } from '../desired/node.ts';
import type { Clock } from '../runtime/clock.ts';

export interface Liveness {
  /** Call it for every state of every node that the watch brings. */
  observe(node: SyncthingNode): void;
  forget(name: string): void;
  /** The node with its heartbeat in the controller's time, for a view. `contactAt`: of the collection of nodes. */
  inOwnTime(node: SyncthingNode, contactAt: number | undefined): SyncthingNode;
}

interface Heard {
  readonly heartbeat: string;
  readonly at: number;
}

export function createLiveness(clock: Clock): Liveness {
  const heard = new Map<string, Heard>();

  /** The first one seen may be of long ago; any later one was written since. */
  function hear(name: string, heartbeat: string): Heard {
    const before = heard.get(name);
    if (before?.heartbeat === heartbeat) return before;
    const now = clock.now();
    const at = before === undefined ? Math.min(now, Date.parse(heartbeat)) : now;
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
      const now = clock.now();
      const silence = contactAt === undefined ? 0 : Math.max(0, now - contactAt);
      const at = Math.min(now, hear(node.name, node.status.heartbeat).at + silence);
      return { ...node, status: { ...node.status, heartbeat: new Date(at).toISOString() } };
    },
  };
}
