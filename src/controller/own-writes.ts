/**
 * A cache that knows at once what this process wrote: its own last write would else be planned again, or undone, from
 * a watch that has not brought it back yet.
 */
import type { Clock } from '../runtime/clock.ts';
import type { Cache } from './caches.ts';

interface Versioned {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

export interface OwnWrites<T> extends Cache<T> {
  /** An object as the API server answered it, after a write or a live read. */
  note(object: T): void;
  /** This object was deleted, for good: it has no finalizers. */
  noteGone(object: T): void;
  /** The watch brought it; what was noted and is not newer is forgotten. */
  seen(object: T): void;
  /** The watch brought its end. */
  seenGone(object: T): void;
}

type Noted<T> = { readonly at: number } & (
  | { readonly kind: 'there'; readonly object: T }
  | { readonly kind: 'gone'; readonly uid: string }
);

/** After so long the watch is right, whatever was noted: an object made and deleted unseen would else stay for ever. */
const FORGET_MS = 60_000;

/** Versions of one collection rise; they are compared, never computed with. */
function isNewer(a: Versioned, b: Versioned): boolean {
  return BigInt(a.resourceVersion) > BigInt(b.resourceVersion);
}

export function createOwnWrites<T extends Versioned>(cache: Cache<T>, clock: Clock): OwnWrites<T> {
  const noted = new Map<string, Noted<T>>();

  function current(name: string): Noted<T> | undefined {
    const entry = noted.get(name);
    if (entry === undefined || clock.now() - entry.at <= FORGET_MS) return entry;
    noted.delete(name);
    return undefined;
  }
  function get(name: string): T | undefined {
    const entry = current(name);
    const cached = cache.get(name);
    if (entry === undefined) return cached;
    if (entry.kind === 'gone') return cached?.uid === entry.uid ? undefined : cached;
    return cached !== undefined && isNewer(cached, entry.object) ? cached : entry.object;
  }
  return {
    get synced() {
      return cache.synced;
    },
    get contactAt() {
      return cache.contactAt;
    },
    get,
    items() {
      if (noted.size === 0) return cache.items();
      const names = new Set([...cache.items().map((item) => item.name), ...noted.keys()]);
      return [...names].flatMap((name) => get(name) ?? []);
    },
    note(object) {
      const known = get(object.name);
      if (known !== undefined && isNewer(known, object)) return;
      noted.set(object.name, { kind: 'there', object, at: clock.now() });
    },
    noteGone(object) {
      noted.set(object.name, { kind: 'gone', uid: object.uid, at: clock.now() });
    },
    seen(object) {
      const entry = noted.get(object.name);
      if (entry === undefined) return;
      const isCovered = entry.kind === 'gone' ? object.uid !== entry.uid : !isNewer(entry.object, object);
      if (isCovered) noted.delete(object.name);
    },
    seenGone(object) {
      const entry = noted.get(object.name);
      const uid = entry?.kind === 'there' ? entry.object.uid : entry?.uid;
      if (uid === object.uid) noted.delete(object.name);
    },
  };
}
