import { isDeepStrictEqual } from 'node:util';
import type { Backoff } from '../runtime/backoff.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/logger.ts';
import type { KubernetesClient, Selector, Unreadable, WatchEvent } from './client.ts';
import { KubernetesError } from './errors.ts';
import { nameIn } from './object-schema.ts';
import type { ResourceKind } from './resource-kind.ts';

/** What an object needs for a place in the store; an informer covers one namespace or a kind without one. */
export interface Named {
  readonly name: string;
  readonly uid: string;
}

export type Change<T> =
  | { readonly kind: 'added'; readonly object: T }
  | { readonly kind: 'changed'; readonly object: T; readonly before: T }
  | { readonly kind: 'removed'; readonly object: T };

export interface InformerOptions<T extends Named> {
  readonly client: KubernetesClient;
  readonly kind: ResourceKind<T>;
  readonly selector?: Selector;
  readonly clock: Clock;
  readonly log: Logger;
  /** Between tries that failed, e.g. 1 s to 30 s with jitter. */
  readonly backoff: Backoff;
  /** A watch silent for so long, without even a bookmark, is begun anew; 3 minutes unless given. */
  readonly idleMs?: number;
  /** Called in order, for changes of what the domain sees alone; what it throws is logged. */
  onChange?(change: Change<T>): void;
  /** The store is complete (again). */
  onSynced?(): void;
}

/** A copy of a collection that follows it. Read it for plans; re-read live before anything that cannot be undone. */
export interface Informer<T extends Named> {
  /** A whole list was taken over and no change since was missed. Decide nothing before. */
  readonly synced: boolean;
  /** When the API server last said something, milliseconds since the epoch; a partition shows as age. */
  readonly contactAt: number | undefined;
  get(name: string): T | undefined;
  items(): readonly T[];
  /** Objects that are there and cannot be read, by name: present, whatever `get` says. */
  unreadable(): ReadonlyMap<string, string>;
  /** Rejects with the signal's reason when it fires first. */
  whenSynced(signal: AbortSignal): Promise<void>;
  /** Lists and watches until the signal fires; call it once. Nothing but the signal ends it. */
  run(signal: AbortSignal): Promise<void>;
}

/** A watch that ended sooner without a word is not asked for again at once. */
const SHORT_WATCH_MS = 1000;

export function createInformer<T extends Named>(options: InformerOptions<T>): Informer<T> {
  return new FollowingInformer(options);
}

class FollowingInformer<T extends Named> implements Informer<T> {
  readonly #options: InformerOptions<T>;
  readonly #log: Logger;
  readonly #store = new Map<string, T>();
  readonly #unreadable = new Map<string, string>();
  #synced = Promise.withResolvers<void>();
  /** From where the watch goes on; undefined: list first. */
  #version: string | undefined;
  /** The API server was away: what answers in its place may be older than the version that the watch had. */
  #isDoubtful = false;
  #contactAt: number | undefined;
  #failures = 0;

  constructor(options: InformerOptions<T>) {
    this.#options = options;
    this.#log = options.log.child({ informer: options.kind.plural });
  }

  get synced(): boolean {
    return this.#version !== undefined;
  }

  get contactAt(): number | undefined {
    return this.#contactAt;
  }

  get(name: string): T | undefined {
    return this.#store.get(name);
  }

  items(): readonly T[] {
    return [...this.#store.values()];
  }

  unreadable(): ReadonlyMap<string, string> {
    return this.#unreadable;
  }

  async whenSynced(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const aborted = Promise.withResolvers<never>();
    function onAbort(): void {
      aborted.reject(signal.reason);
    }
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      while (!this.synced) await Promise.race([this.#synced.promise, aborted.promise]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#follow(signal);
      } catch (error) {
        if (!signal.aborted) await this.#recover(KubernetesError.from(error), signal);
      }
    }
  }

  /** One list, if needed, and one watch; returns when the server closes the watch, as it does every few minutes. */
  async #follow(signal: AbortSignal): Promise<void> {
    const known = this.#isDoubtful ? undefined : this.#version;
    const version = known ?? (await this.#list(signal));
    const { client, kind, selector, idleMs, clock } = this.#options;
    const begun = clock.steady();
    let events = 0;
    const watch = client.watch(kind, {
      ...selector,
      resourceVersion: version,
      signal,
      ...(idleMs !== undefined && { idleMs }),
    });
    for await (const event of watch) {
      events += 1;
      this.#failures = 0;
      this.#contactAt = clock.steady();
      this.#version = event.resourceVersion;
      this.#apply(event);
    }
    if (events > 0 || clock.steady() - begun >= SHORT_WATCH_MS) return;
    throw new KubernetesError('unreachable', `watch ${kind.plural}: the API server closed it at once`);
  }

  async #list(signal: AbortSignal): Promise<string> {
    const { client, kind, selector = {}, clock } = this.#options;
    const list = await client.list(kind, selector, { signal, timeoutMs: 30_000 });
    this.#contactAt = clock.steady();
    const present = new Set([...list.items, ...list.unreadable].map((item) => item.name));
    for (const [name, object] of this.#store) if (!present.has(name)) this.#remove(name, object);
    for (const name of this.#unreadable.keys()) if (!present.has(name)) this.#unreadable.delete(name);
    for (const item of list.items) this.#put(item);
    for (const item of list.unreadable) this.#setAside(item);
    this.#version = list.resourceVersion;
    this.#isDoubtful = false;
    this.#synced.resolve();
    this.#tell(() => this.#options.onSynced?.());
    return list.resourceVersion;
  }

  #apply(event: WatchEvent): void {
    if (event.type === 'bookmark') return;
    const name = nameIn(event.object);
    if (event.type === 'deleted') {
      this.#unreadable.delete(name);
      const object = this.#store.get(name);
      if (object !== undefined) this.#remove(name, object);
      return;
    }
    try {
      this.#put(this.#options.kind.parse(event.object));
    } catch (error) {
      this.#setAside({ name, problem: KubernetesError.from(error).message });
    }
  }

  #put(object: T): void {
    const before = this.#store.get(object.name);
    this.#unreadable.delete(object.name);
    // Made anew under the same name while nobody looked: another object, with nothing of the old one's.
    if (before !== undefined && before.uid !== object.uid) {
      this.#remove(object.name, before);
      return this.#put(object);
    }
    this.#store.set(object.name, object);
    if (before === undefined) return this.#changed({ kind: 'added', object });
    if (!isDeepStrictEqual(before, object)) this.#changed({ kind: 'changed', object, before });
  }

  #remove(name: string, object: T): void {
    this.#store.delete(name);
    this.#changed({ kind: 'removed', object });
  }

  /** The last readable state of the object stays in the store. */
  #setAside({ name, problem }: Unreadable): void {
    if (this.#unreadable.get(name) === problem) return;
    this.#unreadable.set(name, problem);
    this.#log.error({ object: name, problem }, 'an object cannot be read and is left as it was');
  }

  #changed(change: Change<T>): void {
    this.#tell(() => this.#options.onChange?.(change));
  }

  #tell(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#log.error({ error }, 'a handler of the informer failed');
    }
  }

  /**
   * Waits; after what may have cost us events, the next round lists. An API server that was away may come back with its
   * state of a backup, which says so nowhere: a watch from a version of the future is answered, and stays silent.
   */
  async #recover(error: KubernetesError, signal: AbortSignal): Promise<void> {
    this.#isDoubtful ||= AWAY.has(error.kind);
    if (!RESUMABLE.has(error.kind) && this.#version !== undefined) {
      this.#version = undefined;
      this.#synced = Promise.withResolvers<void>();
      if (error.kind === 'gone')
        return this.#log.info({ reason: error.message }, 'the watch is too old to go on, listing anew');
    }
    this.#failures += 1;
    const delayMs = Math.max(this.#options.backoff.delayMs(this.#failures), error.retryAfterMs ?? 0);
    this.#log.warn(
      { error, failures: this.#failures, delayMs: Math.round(delayMs) },
      'the API server cannot be followed, trying again',
    );
    await this.#options.clock.sleep(delayMs, signal).catch(() => undefined);
  }
}

const AWAY: ReadonlySet<string> = new Set(['unreachable', 'timeout']);
/** What is known stands until there is better. */
const RESUMABLE: ReadonlySet<string> = new Set(['unreachable', 'timeout', 'too-many-requests']);
