/** Watches of the fake API server, served from the history of its store. */
import type { Clock } from '../runtime/clock.ts';
import type { WatchEvent, WatchOptions } from './client.ts';
import { KubernetesError } from './errors.ts';
import type { FakeStore, Place } from './fake-store.ts';

const IDLE_MS = 180_000;

export interface FakeWatchOptions {
  readonly store: FakeStore;
  readonly place: Place;
  readonly clock: Clock;
  readonly watch: WatchOptions;
}

export class FakeWatch {
  readonly #options: FakeWatchOptions;
  #end: KubernetesError | 'closed' | undefined;
  #bookmarks = 0;
  #wake = Promise.withResolvers<void>();

  constructor(options: FakeWatchOptions) {
    this.#options = options;
  }

  /** The server closes it; with an error, it throws. */
  close(error?: KubernetesError): void {
    this.#end ??= error ?? 'closed';
    this.#wake.resolve();
  }

  bookmark(): void {
    this.#bookmarks += 1;
    this.#wake.resolve();
  }

  async *events(): AsyncGenerator<WatchEvent> {
    const { store, place, watch } = this.#options;
    const giveUp = (): void => this.close(new KubernetesError('aborted', `watch ${place.plural}: given up`));
    watch.signal.addEventListener('abort', giveUp, { once: true });
    try {
      let version = Number(watch.resourceVersion);
      while (this.#end === undefined) {
        const next = store.since(version, place, watch);
        version = next.version;
        yield* next.events;
        for (; this.#bookmarks > 0; this.#bookmarks -= 1) yield bookmarkAt(String(version));
        if (Number(store.version) === version) await this.#silence();
      }
    } finally {
      watch.signal.removeEventListener('abort', giveUp);
    }
    if (this.#end instanceof KubernetesError) throw this.#end;
  }

  /** Until something comes, or nothing did for too long. */
  async #silence(): Promise<void> {
    if (this.#end !== undefined) return;
    const { store, place, clock, watch } = this.#options;
    this.#wake = Promise.withResolvers<void>();
    const cancel = clock.after(watch.idleMs ?? IDLE_MS, () =>
      this.close(new KubernetesError('timeout', `watch ${place.plural}: nothing came`)),
    );
    await Promise.race([store.changed, this.#wake.promise]);
    cancel();
  }
}

function bookmarkAt(resourceVersion: string): WatchEvent {
  return { type: 'bookmark', resourceVersion, object: { metadata: { resourceVersion } } };
}
