/**
 * The API server as this program uses it. Every method rejects with a KubernetesError and nothing else, ends by its
 * deadline, and gives up when its signal fires. The real one is rest-client.ts, the one for tests fake.ts; both pass
 * the same contract test.
 */
import type { ResourceKind } from './resource-kind.ts';

export interface CallOptions {
  readonly signal: AbortSignal;
  /** Milliseconds; 10 s unless said otherwise. */
  readonly timeoutMs?: number;
  /** Of namespaced kinds; the client's own unless given. */
  readonly namespace?: string;
}

/** Both are matched for equality, by the server. Fields: `metadata.name`, `spec.node` of replicas, `spec.nodeName` of pods. */
export interface Selector {
  readonly labels?: Readonly<Record<string, string>>;
  readonly fields?: Readonly<Record<string, string>>;
}

/** `namespace: ALL_NAMESPACES` for what is listed or watched across the cluster. */
export const ALL_NAMESPACES = '*';

/**
 * Which object a write is meant for. With `resourceVersion` the write is a compare-and-swap and fails with `conflict`
 * when anything changed; with `uid` it fails with `conflict` when the name now belongs to another object. A domain
 * object can be given as it is, and then both hold.
 */
export interface Target {
  readonly name: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
}

/** The two halves of an object, as far as its domain type has them. */
export type SpecOf<T> = T extends { readonly spec: infer Spec extends object } ? Spec : object;
export type StatusOf<T> = T extends { readonly status?: infer Status extends object } ? Status : object;

export interface Draft<T> {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly spec: SpecOf<T>;
}

/** An object that the server has and we cannot read: present, never "deleted". */
export interface Unreadable {
  readonly name: string;
  readonly problem: string;
}

export interface ObjectList<T> {
  readonly items: readonly T[];
  readonly unreadable: readonly Unreadable[];
  /** From here a watch sees all that comes after this list. */
  readonly resourceVersion: string;
}

export type WatchEventType = 'added' | 'modified' | 'deleted' | 'bookmark';

export interface WatchEvent {
  readonly type: WatchEventType;
  readonly resourceVersion: string;
  /** As the server sent it; parse with the kind. */
  readonly object: unknown;
}

export interface WatchOptions extends Selector {
  readonly signal: AbortSignal;
  readonly namespace?: string;
  readonly resourceVersion: string;
  /** Ends with `timeout` when nothing, not even a bookmark, came for so many milliseconds; 3 minutes unless given. */
  readonly idleMs?: number;
}

/** A core/v1 Event, which has no spec; `body` is the event without apiVersion, kind and metadata. */
export interface NewEvent {
  readonly name: string;
  readonly namespace: string;
  readonly body: object;
}

export interface KubernetesClient {
  /** The namespace of our own kinds. */
  readonly namespace: string;

  /** Live, never from a cache. */
  get<T>(kind: ResourceKind<T>, name: string, options: CallOptions): Promise<T>;
  /** Live and complete: pages are put together, and what changed in between is as of the first page. */
  list<T>(kind: ResourceKind<T>, selector: Selector, options: CallOptions): Promise<ObjectList<T>>;
  create<T>(kind: ResourceKind<T>, draft: Draft<T>, options: CallOptions): Promise<T>;
  /** The whole spec; what the new one lacks is gone. Labels, finalizers and status stay as they are. */
  replaceSpec<T>(kind: ResourceKind<T>, target: Target, spec: SpecOf<T>, options: CallOptions): Promise<T>;
  /** The whole status, by the status subresource; everything else stays as it is. */
  replaceStatus<T>(
    kind: ResourceKind<T>,
    target: Target,
    status: StatusOf<T>,
    options: CallOptions,
  ): Promise<T>;
  replaceFinalizers<T>(
    kind: ResourceKind<T>,
    target: Target,
    finalizers: readonly string[],
    options: CallOptions,
  ): Promise<T>;
  /** RFC 7396 on the object without its status: null removes a field. */
  mergePatch<T>(kind: ResourceKind<T>, target: Target, patch: object, options: CallOptions): Promise<T>;
  /** Asks for the deletion; the object stays while it has finalizers. A name that is not there is `not-found`. */
  delete(kind: ResourceKind<unknown>, target: Target, options: CallOptions): Promise<void>;
  /**
   * Changes after `resourceVersion`, in order. Ends by itself when the server closes it (every few minutes), throws
   * `gone` when the version is too old to go on from: then list again.
   */
  watch(kind: ResourceKind<unknown>, options: WatchOptions): AsyncIterable<WatchEvent>;
  createEvent(event: NewEvent, options: CallOptions): Promise<void>;
}
