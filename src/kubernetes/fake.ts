/**
 * An API server in memory for tests: versions, conflicts, spec and status apart, generations, finalizers, watches with
 * selectors. It has no CEL; whatever a domain type cannot hold is `invalid`. Held to test/integration/kubernetes'
 * contract together with the real one.
 */
import type { Clock } from '../runtime/clock.ts';
import {
  ALL_NAMESPACES,
  type CallOptions,
  type Draft,
  type KubernetesClient,
  type NewEvent,
  type ObjectList,
  type Selector,
  type SpecOf,
  type StatusOf,
  type Target,
  type WatchEvent,
  type WatchOptions,
} from './client.ts';
import { isKubernetesError, KubernetesError } from './errors.ts';
import { isJsonObject, mergePatch } from './fake-merge-patch.ts';
import { checkTarget, type FakeObject, FakeStore, type Place } from './fake-store.ts';
import { FakeWatch } from './fake-watch.ts';
import { EVENTS, type ResourceKind } from './resource-kind.ts';

export type FakeVerb = 'get' | 'list' | 'create' | 'patch' | 'patch-status' | 'delete' | 'watch';

export interface FakeCall {
  readonly verb: FakeVerb;
  readonly kind: string;
  /** Empty for list and watch. */
  readonly name: string;
}

export interface FakeOptions {
  readonly clock: Clock;
  readonly namespace?: string;
}

export interface SeededObject {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly spec?: object;
  readonly status?: object;
}

export interface FakeKubernetes extends KubernetesClient {
  /** Every call so far, in order. */
  readonly calls: readonly FakeCall[];
  /** Asked before each call; what it returns is thrown instead. Set it to undefined to heal. */
  intercept: ((call: FakeCall) => KubernetesError | undefined) | undefined;
  /** Puts an object there as it is, status included, or replaces it: for nodes, pods and what others write. */
  seed<T>(kind: ResourceKind<T>, object: SeededObject): T;
  /** Gone at once, finalizers or not. */
  vanish(kind: ResourceKind<unknown>, name: string, namespace?: string): void;
  /** The server closes every watch; with an error, they throw it. */
  closeWatches(error?: KubernetesError): void;
  /** Sends every watch a bookmark. */
  bookmark(): void;
  /** Versions up to now are too old to watch from. */
  compact(): void;
}

interface Edit {
  readonly verb: 'patch' | 'patch-status';
  readonly apply: (object: FakeObject) => FakeObject;
}

export function createFakeKubernetes(options: FakeOptions): FakeKubernetes {
  return new FakeApiServer(options);
}

class FakeApiServer implements FakeKubernetes {
  readonly namespace: string;
  readonly calls: FakeCall[] = [];
  intercept: FakeKubernetes['intercept'];
  readonly #clock: Clock;
  readonly #store = new FakeStore();
  readonly #watches = new Set<FakeWatch>();
  #uids = 0;

  constructor({ clock, namespace = 'syncthing-csi' }: FakeOptions) {
    this.#clock = clock;
    this.namespace = namespace;
  }

  async get<T>(kind: ResourceKind<T>, name: string, options: CallOptions): Promise<T> {
    await this.#enter({ verb: 'get', kind: kind.kind, name }, options.signal);
    return parsed(kind, this.#existing(kind, name, options.namespace));
  }

  async list<T>(kind: ResourceKind<T>, selector: Selector, options: CallOptions): Promise<ObjectList<T>> {
    await this.#enter({ verb: 'list', kind: kind.kind, name: '' }, options.signal);
    const objects = this.#store.select(this.#placeOf(kind, options.namespace), selector);
    return {
      items: objects.map((object) => parsed(kind, object)),
      unreadable: [],
      resourceVersion: this.#store.version,
    };
  }

  async create<T>(kind: ResourceKind<T>, draft: Draft<T>, options: CallOptions): Promise<T> {
    await this.#enter({ verb: 'create', kind: kind.kind, name: draft.name }, options.signal);
    return this.#add(kind, { ...draft, namespace: options.namespace ?? this.namespace });
  }

  replaceSpec<T>(kind: ResourceKind<T>, target: Target, spec: SpecOf<T>, options: CallOptions): Promise<T> {
    return this.#change(kind, target, { verb: 'patch', apply: (object) => ({ ...object, spec }) }, options);
  }

  replaceStatus<T>(
    kind: ResourceKind<T>,
    target: Target,
    status: StatusOf<T>,
    options: CallOptions,
  ): Promise<T> {
    const edit: Edit = { verb: 'patch-status', apply: (object) => ({ ...object, status }) };
    return this.#change(kind, target, edit, options);
  }

  replaceFinalizers<T>(
    kind: ResourceKind<T>,
    target: Target,
    finalizers: readonly string[],
    options: CallOptions,
  ): Promise<T> {
    const edit: Edit = { verb: 'patch', apply: (object) => withFinalizers(object, finalizers) };
    return this.#change(kind, target, edit, options);
  }

  mergePatch<T>(kind: ResourceKind<T>, target: Target, patch: object, options: CallOptions): Promise<T> {
    return this.#change(kind, target, { verb: 'patch', apply: (object) => merged(object, patch) }, options);
  }

  async delete(kind: ResourceKind<unknown>, target: Target, options: CallOptions): Promise<void> {
    await this.#enter({ verb: 'delete', kind: kind.kind, name: target.name }, options.signal);
    const place = this.#placeOf(kind, options.namespace);
    const object = this.#existing(kind, target.name, options.namespace);
    checkTarget(`delete ${kind.kind} ${target.name}`, object, target);
    if (object.metadata.finalizers.length === 0) return this.#store.remove(place, object);
    if (object.metadata.deletionTimestamp !== undefined) return;
    const deletionTimestamp = new Date(this.#clock.now()).toISOString();
    const generation = object.metadata.generation + 1;
    const metadata = { ...object.metadata, generation, deletionTimestamp };
    this.#store.update(place, object, { ...object, metadata });
  }

  async *watch(kind: ResourceKind<unknown>, options: WatchOptions): AsyncGenerator<WatchEvent> {
    await this.#enter({ verb: 'watch', kind: kind.kind, name: '' }, options.signal);
    const place = this.#placeOf(kind, options.namespace);
    const watch = new FakeWatch({ store: this.#store, place, clock: this.#clock, watch: options });
    this.#watches.add(watch);
    try {
      yield* watch.events();
    } finally {
      this.#watches.delete(watch);
    }
  }

  async createEvent(event: NewEvent, options: CallOptions): Promise<void> {
    await this.#enter({ verb: 'create', kind: 'Event', name: event.name }, options.signal);
    this.#add(EVENTS, event, event.body);
  }

  seed<T>(kind: ResourceKind<T>, seeded: SeededObject): T {
    const { namespace, spec, status, labels = {}, finalizers = [] } = seeded;
    const halves = { ...(spec && { spec }), ...(status && { status }) };
    const place = this.#placeOf(kind, namespace);
    const before = this.#store.find(place, seeded.name);
    if (before === undefined) return this.#add(kind, seeded, halves);
    const after = { ...before, metadata: { ...before.metadata, labels, finalizers }, ...halves };
    return parsed(kind, this.#store.update(place, before, after));
  }

  vanish(kind: ResourceKind<unknown>, name: string, namespace?: string): void {
    this.#store.remove(this.#placeOf(kind, namespace), this.#existing(kind, name, namespace));
  }

  closeWatches(error?: KubernetesError): void {
    for (const watch of this.#watches) watch.close(error);
  }

  bookmark(): void {
    for (const watch of this.#watches) watch.bookmark();
  }

  compact(): void {
    this.#store.compact();
  }

  /** Every call is one turn of the event loop away, as an answer from afar is. */
  async #enter(call: FakeCall, signal: AbortSignal): Promise<void> {
    this.calls.push(call);
    await Promise.resolve();
    if (signal.aborted)
      throw new KubernetesError('aborted', `${call.verb} ${call.kind} ${call.name}: given up`);
    const error = this.intercept?.(call);
    if (error !== undefined) throw error;
  }

  #placeOf(kind: ResourceKind<unknown>, namespace = this.namespace): Place {
    const within = kind.namespaced && namespace !== ALL_NAMESPACES;
    return { plural: kind.plural, namespace: within ? namespace : undefined };
  }

  #existing(kind: ResourceKind<unknown>, name: string, namespace: string | undefined): FakeObject {
    const object = this.#store.find(this.#placeOf(kind, namespace), name);
    if (object === undefined) throw new KubernetesError('not-found', `${kind.plural} "${name}" not found`);
    return object;
  }

  #add<T>(kind: ResourceKind<T>, seeded: SeededObject, body: object = { spec: seeded.spec }): T {
    const { name, namespace = this.namespace, labels = {}, finalizers = [] } = seeded;
    const place = this.#placeOf(kind, namespace);
    if (this.#store.find(place, name) !== undefined) {
      throw new KubernetesError('already-exists', `${kind.plural} "${name}" already exists`);
    }
    this.#uids += 1;
    const metadata = {
      name,
      ...(kind.namespaced && { namespace }),
      uid: `${this.#uids.toString(16).padStart(8, '0')}-0000-4000-8000-000000000000`,
      resourceVersion: '0',
      generation: 1,
      creationTimestamp: new Date(this.#clock.now()).toISOString(),
      labels,
      finalizers,
    };
    const object = { ...body, apiVersion: kind.apiVersion, kind: kind.kind, metadata };
    check(kind, object);
    return parsed(kind, this.#store.insert(place, object));
  }

  async #change<T>(kind: ResourceKind<T>, target: Target, edit: Edit, options: CallOptions): Promise<T> {
    await this.#enter({ verb: edit.verb, kind: kind.kind, name: target.name }, options.signal);
    const place = this.#placeOf(kind, options.namespace);
    const before = this.#existing(kind, target.name, options.namespace);
    checkTarget(`patch ${kind.kind} ${target.name}`, before, target);
    const after = edit.apply(before);
    check(kind, after);
    if (after.metadata.deletionTimestamp !== undefined && after.metadata.finalizers.length === 0) {
      this.#store.remove(place, after);
      return parsed(kind, after);
    }
    return parsed(kind, this.#store.update(place, before, after));
  }
}

function parsed<T>(kind: ResourceKind<T>, object: FakeObject): T {
  return kind.parse(structuredClone(object));
}

function withFinalizers(object: FakeObject, finalizers: readonly string[]): FakeObject {
  const { deletionTimestamp, finalizers: old, name } = object.metadata;
  if (deletionTimestamp !== undefined && finalizers.some((finalizer) => !old.includes(finalizer))) {
    throw new KubernetesError(
      'invalid',
      `${object.kind} ${name}: no new finalizers while it is being deleted`,
    );
  }
  return { ...object, metadata: { ...object.metadata, finalizers } };
}

/** The main resource ignores what a patch says about the status. */
function merged(object: FakeObject, patch: object): FakeObject {
  const next = mergePatch(object, patch);
  if (!isJsonObject(next)) return object;
  const metadata = isJsonObject(next['metadata']) ? next['metadata'] : {};
  const labels = isJsonObject(metadata['labels']) ? stringsOf(metadata['labels']) : {};
  const annotations = isJsonObject(metadata['annotations']) ? stringsOf(metadata['annotations']) : {};
  const status = 'status' in object ? { status: object['status'] } : {};
  const { status: _ignored, ...rest } = next;
  return {
    ...rest,
    ...status,
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: { ...object.metadata, labels, annotations },
  };
}

function stringsOf(record: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, String(value)]));
}

function check(kind: ResourceKind<unknown>, object: FakeObject): void {
  try {
    kind.parse({ ...object, metadata: { ...object.metadata, resourceVersion: '1' } });
  } catch (error) {
    if (!isKubernetesError(error)) throw error;
    throw new KubernetesError('invalid', error.message, { cause: error });
  }
}
