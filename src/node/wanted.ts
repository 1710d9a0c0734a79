/** What this node asks for in its SyncthingNode's `status.wanted` (handoff rules 1, 3 and 36). */
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
  /** Beside others; absent: to write. Of one volume both may be asked for. */
  readonly reads?: true;
}

export type Purpose = 'write' | 'read';

export interface WantedVolumes {
  /** A call begins that needs the volume; the function returned says that it ended and will be repeated, if it failed. */
  ask(request: Request): () => void;
  /** The call that asked was the last that is needed. */
  served(request: Request): void;
  /** The kubelet wants it no more, for whatever purpose. */
  drop(volumeId: string): void;
  isWanted(volumeId: string, purpose?: Purpose): boolean;
  /** RFC 3339, since when; undefined where it is not. It names the request. */
  since(volumeId: string, purpose?: Purpose): string | undefined;
  /** Oldest first. `orderOf` gives the order that this node sees for a volume now. */
  list(orderOf: (volumeId: string) => SyncthingReplicaSpec | undefined): readonly Wanted[];
}

interface Entry {
  readonly request: Request;
  readonly since: string;
  calls: number;
  until: number;
}

const PURPOSES: readonly Purpose[] = ['write', 'read'];

function keyOf({ volumeId, reads }: Request): string {
  return `${reads === true ? 'read' : 'write'} ${volumeId}`;
}

export function createWantedVolumes(clock: Clock, graceMs = WANTED_GRACE_MS): WantedVolumes {
  const entries = new Map<string, Entry>();
  function live(key: string): Entry | undefined {
    const entry = entries.get(key);
    if (entry === undefined || entry.calls > 0 || clock.now() < entry.until) return entry;
    entries.delete(key);
    return undefined;
  }
  return {
    ask(request) {
      const key = keyOf(request);
      const entry = live(key) ?? {
        request,
        since: new Date(clock.now()).toISOString(),
        calls: 0,
        until: 0,
      };
      entries.set(key, entry);
      entry.calls += 1;
      return () => {
        entry.calls -= 1;
        entry.until = clock.now() + graceMs;
      };
    },
    served: (request) => void entries.delete(keyOf(request)),
    drop(volumeId) {
      for (const purpose of PURPOSES) entries.delete(`${purpose} ${volumeId}`);
    },
    isWanted: (volumeId, purpose = 'write') => live(`${purpose} ${volumeId}`) !== undefined,
    since: (volumeId, purpose = 'write') => live(`${purpose} ${volumeId}`)?.since,
    list(orderOf) {
      const asking = [...entries.keys()].flatMap((key) => live(key) ?? []);
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
