/** What this node asks for in its SyncthingNode's `status.wanted` (handoff rules 1 and 3). */
import type { Wanted } from '../desired/node.ts';
import type { SyncthingReplicaSpec } from '../desired/replica.ts';
import type { Clock } from '../runtime/clock.ts';

/**
 * A request outlives the call that made it: the kubelet repeats a call after up to 2 min 2 s, and a request that were
 * taken back meanwhile would lose its place, and the grant that comes in between.
 */
export const WANTED_GRACE_MS = 150_000;

export interface Request {
  /** Name of the SyncthingVolume. */
  readonly volume: string;
  readonly volumeId: string;
}

export interface WantedVolumes {
  /** A call begins that needs the volume; the function returned says that it ended and will be repeated, if it failed. */
  ask(request: Request): () => void;
  /** The kubelet wants it no more, or the call that asked was the last that is needed. */
  drop(volumeId: string): void;
  isWanted(volumeId: string): boolean;
  /** Oldest first. `orderOf` gives the order that this node sees for a volume now. */
  list(orderOf: (volumeId: string) => SyncthingReplicaSpec | undefined): readonly Wanted[];
}

interface Entry {
  readonly request: Request;
  readonly since: string;
  calls: number;
  until: number;
}

export function createWantedVolumes(clock: Clock, graceMs = WANTED_GRACE_MS): WantedVolumes {
  const entries = new Map<string, Entry>();
  function live(volumeId: string): Entry | undefined {
    const entry = entries.get(volumeId);
    if (entry === undefined || entry.calls > 0 || clock.now() < entry.until) return entry;
    entries.delete(volumeId);
    return undefined;
  }
  return {
    ask(request) {
      const { volumeId } = request;
      const entry = live(volumeId) ?? {
        request,
        since: new Date(clock.now()).toISOString(),
        calls: 0,
        until: 0,
      };
      entries.set(volumeId, entry);
      entry.calls += 1;
      return () => {
        entry.calls -= 1;
        entry.until = clock.now() + graceMs;
      };
    },
    drop: (volumeId) => void entries.delete(volumeId),
    isWanted: (volumeId) => live(volumeId) !== undefined,
    list(orderOf) {
      const asking = [...entries.keys()].flatMap((volumeId) => live(volumeId) ?? []);
      return asking.map(({ request, since }) => {
        const base = orderOf(request.volumeId)?.base;
        return {
          ...request,
          since,
          ...(base !== undefined && { base: { epoch: base.epoch, session: base.session } }),
        };
      });
    },
  };
}
