/**
 * An API server in memory for tests: versions, conflicts, spec and status apart, generations, finalizers, watches with
 * selectors. It has no CEL; whatever a domain type cannot hold is `invalid`. Held to test/integration/kubernetes'
 * contract together with the real one.
 */
import type { Clock } from '../runtime/clock.ts';
import {
  ALL_NAMESPACES, type CallOptions, type KubernetesClient, type Target, type WatchEvent, type WatchOptions,
} from './client.ts';
import { isKubernetesError, KubernetesError } from './errors.ts';
import { isJsonObject, mergePatch } from './fake-merge-patch.ts';
import { checkTarget, type FakeObject, FakeStore, type Place } from './fake-store.ts';
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

interface WatchControl {
  end: KubernetesError | 'closed' | undefined;
  bookmarks: number;
  wake: PromiseWithResolvers<void>;
}

export function createFakeKubernetes({ clock, namespace: home = 'syncthing-csi' }: FakeOptions): FakeKubernetes {
  const store = new FakeStore();
  const calls: FakeCall[] = [];
  const watches = new Set<WatchControl>();
  let uids = 0;

  function placeOf(kind: ResourceKind<unknown>, namespace = home): Place {
    return { plural: kind.plural, namespace: kind.namespaced && namespace !== ALL_NAMESPACES ? namespace : undefined };
  }
  /** Every call is one turn of the event loop away, as an answer from afar is. */
  async function enter(call: FakeCall, signal: AbortSignal): Promise<void> {
    calls.push(call);
    await Promise.resolve();
    if (signal.aborted) throw new KubernetesError('aborted', `${call.verb} ${call.kind} ${call.name}: given up`);
    const error = fake.intercept?.(call);
    if (error !== undefined) throw error;
  }
  function existing(kind: ResourceKind<unknown>, name: string, namespace: string | undefined): FakeObject {
    const object = store.find(placeOf(kind, namespace), name);
    if (object === undefined) throw new KubernetesError('not-found', `${kind.plural} "${name}" not found`);
    return object;
  }
  function blank(kind: ResourceKind<unknown>, { name, namespace, labels = {}, finalizers = [] }: SeededObject): FakeObject {
    uids += 1;
    return {
      apiVersion: kind.apiVersion,
      kind: kind.kind,
      metadata: {
        name,
        ...(kind.namespaced && { namespace: namespace ?? home }),
        uid: `${uids.toString(16).padStart(8, '0')}-0000-4000-8000-000000000000`,
        resourceVersion: '0',
        generation: 1,
        creationTimestamp: new Date(clock.now()).toISOString(),
        labels,
        finalizers,
      },
    };
  }
  function add<T>(kind: ResourceKind<T>, object: FakeObject, namespace: string | undefined): T {
    const place = placeOf(kind, namespace);
    const { name } = object.metadata;
    if (store.find(place, name) !== undefined) throw new KubernetesError('already-exists', `${kind.plural} "${name}" already exists`);
    checked(kind, object);
    return kind.parse(structuredClone(store.insert(place, object)));
  }
  async function change<T>(kind: ResourceKind<T>, target: Target, edit: Edit, options: CallOptions): Promise<T> {
    await enter({ verb: edit.verb, kind: kind.kind, name: target.name }, options.signal);
    const place = placeOf(kind, options.namespace);
    const before = existing(kind, target.name, options.namespace);
    checkTarget(`patch ${kind.kind} ${target.name}`, before, target);
    const after = edit.apply(before);
    checked(kind, after);
    if (after.metadata.deletionTimestamp !== undefined && after.metadata.finalizers.length === 0) {
      store.remove(place, after);
      return kind.parse(structuredClone(after));
    }
    return kind.parse(structuredClone(store.update(place, before, after)));
  }
  async function* watch(kind: ResourceKind<unknown>, options: WatchOptions): AsyncGenerator<WatchEvent> {
    await enter({ verb: 'watch', kind: kind.kind, name: '' }, options.signal);
    const control: WatchControl = { end: undefined, bookmarks: 0, wake: Promise.withResolvers<void>() };
    watches.add(control);
    function onAbort(): void {
      endWatch(control, new KubernetesError('aborted', `watch ${kind.plural}: given up`));
    }
    options.signal.addEventListener('abort', onAbort, { once: true });
    try {
      yield* serve({ store, place: placeOf(kind, options.namespace), control, clock, options, what: `watch ${kind.plural}` });
    } finally {
      options.signal.removeEventListener('abort', onAbort);
      watches.delete(control);
    }
  }

  const fake: FakeKubernetes = {
    namespace: home,
    calls,
    intercept: undefined,
    async get(kind, name, options) {
      await enter({ verb: 'get', kind: kind.kind, name }, options.signal);
      return kind.parse(structuredClone(existing(kind, name, options.namespace)));
    },
    async list(kind, selector, options) {
      await enter({ verb: 'list', kind: kind.kind, name: '' }, options.signal);
      const objects = store.select(placeOf(kind, options.namespace), selector);
      return { items: objects.map((object) => kind.parse(structuredClone(object))), unreadable: [], resourceVersion: store.version };
    },
    async create(kind, draft, options) {
      await enter({ verb: 'create', kind: kind.kind, name: draft.name }, options.signal);
      const { namespace } = options;
      const object = blank(kind, { ...draft, ...(namespace !== undefined && { namespace }) });
      return add(kind, { ...object, spec: structuredClone(draft.spec) }, namespace);
    },
    replaceSpec: (kind, target, spec, options) => change(kind, target, { verb: 'patch', apply: (object) => ({ ...object, spec }) }, options),
    replaceStatus: (kind, target, status, options) =>
      change(kind, target, { verb: 'patch-status', apply: (object) => ({ ...object, status }) }, options),
    replaceFinalizers: (kind, target, finalizers, options) =>
      change(kind, target, { verb: 'patch', apply: (object) => withFinalizers(object, finalizers) }, options),
    mergePatch: (kind, target, patch, options) =>
      change(kind, target, { verb: 'patch', apply: (object) => merged(object, patch) }, options),
    async delete(kind, target, options) {
      await enter({ verb: 'delete', kind: kind.kind, name: target.name }, options.signal);
      const place = placeOf(kind, options.namespace);
      const object = existing(kind, target.name, options.namespace);
      checkTarget(`delete ${kind.kind} ${target.name}`, object, target);
      if (object.metadata.finalizers.length === 0) return store.remove(place, object);
      if (object.metadata.deletionTimestamp !== undefined) return;
      const deletionTimestamp = new Date(clock.now()).toISOString();
      const generation = object.metadata.generation + 1;
      store.update(place, object, { ...object, metadata: { ...object.metadata, generation, deletionTimestamp } });
    },
    watch,
    async createEvent({ name, namespace, body }, options) {
      await enter({ verb: 'create', kind: 'Event', name }, options.signal);
      add(EVENTS, { ...blank(EVENTS, { name, namespace }), ...structuredClone(body) }, namespace);
    },
    seed(kind, seeded) {
      const { namespace, spec, status } = seeded;
      const halves = structuredClone({ ...(spec && { spec }), ...(status && { status }) });
      const before = store.find(placeOf(kind, namespace), seeded.name);
      if (before === undefined) return add(kind, { ...blank(kind, seeded), ...halves }, namespace);
      const { labels = {}, finalizers = [] } = seeded;
      const after = { ...before, metadata: { ...before.metadata, labels, finalizers }, ...halves };
      return kind.parse(structuredClone(store.update(placeOf(kind, namespace), before, after)));
    },
    vanish(kind, name, namespace) {
      store.remove(placeOf(kind, namespace), existing(kind, name, namespace));
    },
    closeWatches(error) {
      for (const control of watches) endWatch(control, error ?? 'closed');
    },
    bookmark() {
      for (const control of watches) {
        control.bookmarks += 1;
        control.wake.resolve();
      }
    },
    compact: () => store.compact(),
  };
  return fake;
}

interface Edit {
  readonly verb: 'patch' | 'patch-status';
  apply(object: FakeObject): FakeObject;
}

interface Serving {
  readonly store: FakeStore;
  readonly place: Place;
  readonly control: WatchControl;
  readonly clock: Clock;
  readonly options: WatchOptions;
  readonly what: string;
}

async function* serve({ store, place, control, clock, options, what }: Serving): AsyncGenerator<WatchEvent> {
  let version = Number(options.resourceVersion);
  while (control.end === undefined) {
    const next = store.since(version, place, options);
    version = next.version;
    yield* next.events;
    for (; control.bookmarks > 0; control.bookmarks -= 1) yield bookmarkAt(String(version));
    if (Number(store.version) > version) continue;
    control.wake = Promise.withResolvers<void>();
    if (control.end !== undefined) break;
    const idle = clock.after(options.idleMs ?? 180_000, () => endWatch(control, new KubernetesError('timeout', `${what}: nothing came`)));
    await Promise.race([store.changed, control.wake.promise]);
    idle();
  }
  if (control.end instanceof KubernetesError) throw control.end;
}

function endWatch(control: WatchControl, end: KubernetesError | 'closed'): void {
  control.end = end;
  control.wake.resolve();
}

function bookmarkAt(resourceVersion: string): WatchEvent {
  return { type: 'bookmark', resourceVersion, object: { metadata: { resourceVersion } } };
}

function withFinalizers(object: FakeObject, finalizers: readonly string[]): FakeObject {
  const { deletionTimestamp, finalizers: old, name } = object.metadata;
  if (deletionTimestamp !== undefined && finalizers.some((finalizer) => !old.includes(finalizer))) {
    throw new KubernetesError('invalid', `${object.kind} ${name}: no new finalizers while it is being deleted`);
  }
  return { ...object, metadata: { ...object.metadata, finalizers } };
}

/** The main resource ignores what a patch says about the status. */
function merged(object: FakeObject, patch: object): FakeObject {
  const next = mergePatch(object, patch);
  if (!isJsonObject(next)) return object;
  const metadata = isJsonObject(next['metadata']) ? next['metadata'] : {};
  const labels = isJsonObject(metadata['labels']) ? stringsOf(metadata['labels']) : {};
  const status = 'status' in object ? { status: object['status'] } : {};
  const { status: _ignored, ...rest } = next;
  return { ...rest, ...status, apiVersion: object.apiVersion, kind: object.kind, metadata: { ...object.metadata, labels } };
}

function stringsOf(record: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, String(value)]));
}

function checked(kind: ResourceKind<unknown>, object: FakeObject): void {
  try {
    kind.parse({ ...object, metadata: { ...object.metadata, resourceVersion: '1' } });
  } catch (error) {
    if (!isKubernetesError(error)) throw error;
    throw new KubernetesError('invalid', error.message, { cause: error });
  }
}
