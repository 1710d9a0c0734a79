/** The memory of the fake API server: objects, versions, and the history that watches are served from. */
import { isDeepStrictEqual } from 'node:util';
import type { Selector, Target, WatchEvent } from './client.ts';
import { KubernetesError } from './errors.ts';
import { isJsonObject, type JsonObject } from './fake-merge-patch.ts';

export interface FakeMetadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number;
  readonly creationTimestamp: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers: readonly string[];
  readonly deletionTimestamp?: string;
}

export interface FakeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: FakeMetadata;
  readonly [half: string]: unknown;
}

/** Which collection: the plural, and the namespace unless the kind has none. */
export interface Place {
  readonly plural: string;
  readonly namespace: string | undefined;
}

interface Change {
  readonly version: number;
  readonly place: Place;
  readonly before: FakeObject | undefined;
  readonly after: FakeObject | undefined;
}

export class FakeStore {
  readonly #objects = new Map<string, FakeObject>();
  readonly #places = new Map<string, Place>();
  readonly #history: Change[] = [];
  #version = 0;
  #compacted = 0;
  #wake = Promise.withResolvers<void>();

  get version(): string {
    return String(this.#version);
  }

  /** Settles when the history has grown; ask again for the next time. */
  get changed(): Promise<void> {
    return this.#wake.promise;
  }

  find(place: Place, name: string): FakeObject | undefined {
    return this.#objects.get(keyOf(place, name));
  }

  /** Sorted by name; `namespace: undefined` is every namespace. */
  select(place: Place, selector: Selector): readonly FakeObject[] {
    return [...this.#objects.entries()]
      .filter(([key]) => isIn(this.#places.get(key), place))
      .map(([, object]) => object)
      .filter((object) => matches(object, selector))
      .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  }

  insert(place: Place, object: FakeObject): FakeObject {
    return this.#write(place, undefined, object);
  }

  /** Nothing changes, version and history included, when the new is the same as the old. */
  update(place: Place, before: FakeObject, after: FakeObject): FakeObject {
    if (isDeepStrictEqual(before, after)) return before;
    const grown = isDeepStrictEqual(before['spec'], after['spec']) ? 0 : 1;
    const generation = after.metadata.generation + grown;
    return this.#write(place, before, { ...after, metadata: { ...after.metadata, generation } });
  }

  remove(place: Place, object: FakeObject): void {
    this.#version += 1;
    this.#objects.delete(keyOf(place, object.metadata.name));
    this.#record({ version: this.#version, place, before: object, after: undefined });
  }

  /** What a watch from this version gets next, in order; throws `gone` when it was compacted away. */
  since(
    version: number,
    place: Place,
    selector: Selector,
  ): { readonly events: readonly WatchEvent[]; readonly version: number } {
    if (version < this.#compacted)
      throw new KubernetesError('gone', `watch ${place.plural}: too old resource version: ${version}`);
    const events = this.#history
      .filter((change) => change.version > version && isIn(change.place, place))
      .flatMap((change) => eventOf(change, selector));
    return { events, version: this.#version };
  }

  /** Forgets the history, as etcd does after five minutes. */
  compact(): void {
    this.#compacted = this.#version;
    this.#history.length = 0;
  }

  #write(place: Place, before: FakeObject | undefined, next: FakeObject): FakeObject {
    this.#version += 1;
    const after = structuredClone({
      ...next,
      metadata: { ...next.metadata, resourceVersion: String(this.#version) },
    });
    const key = keyOf(place, after.metadata.name);
    this.#objects.set(key, after);
    this.#places.set(key, place);
    this.#record({ version: this.#version, place, before, after });
    return after;
  }

  #record(change: Change): void {
    this.#history.push(change);
    const wake = this.#wake;
    this.#wake = Promise.withResolvers<void>();
    wake.resolve();
  }
}

/** Throws `conflict` unless the object is the one that is meant, in the version that is meant. */
export function checkTarget(what: string, object: FakeObject, target: Target): void {
  const { uid, resourceVersion } = object.metadata;
  if (target.uid !== undefined && target.uid !== uid)
    throw new KubernetesError('conflict', `${what}: the uid is another`);
  if (target.resourceVersion !== undefined && target.resourceVersion !== resourceVersion) {
    throw new KubernetesError('conflict', `${what}: the object has been modified`);
  }
}

function keyOf(place: Place, name: string): string {
  return `${place.plural}/${place.namespace ?? ''}/${name}`;
}

function isIn(place: Place | undefined, wanted: Place): boolean {
  if (place?.plural !== wanted.plural) return false;
  return wanted.namespace === undefined || place.namespace === wanted.namespace;
}

function matches(object: FakeObject, { labels = {}, fields = {} }: Selector): boolean {
  return (
    Object.entries(labels).every(([key, value]) => object.metadata.labels[key] === value) &&
    Object.entries(fields).every(([path, value]) => fieldOf(object, path) === value)
  );
}

function fieldOf(object: JsonObject, path: string): unknown {
  let value: unknown = object;
  for (const part of path.split('.')) value = isJsonObject(value) ? value[part] : undefined;
  return value;
}

/** An object that stops matching the selector is deleted for this watch, one that starts to is added. */
function eventOf(change: Change, selector: Selector): readonly WatchEvent[] {
  const { before, after } = change;
  const was = before !== undefined && matches(before, selector);
  const is = after !== undefined && matches(after, selector);
  const resourceVersion = String(change.version);
  if (is) return [{ type: was ? 'modified' : 'added', resourceVersion, object: structuredClone(after) }];
  if (!was) return [];
  const last = { ...before, metadata: { ...before.metadata, resourceVersion } };
  return [{ type: 'deleted', resourceVersion, object: structuredClone(last) }];
}
