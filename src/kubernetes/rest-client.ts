import {
  ALL_NAMESPACES,
  type CallOptions,
  type KubernetesClient,
  type Target,
  type WatchEvent,
  type WatchOptions,
} from './client.ts';
import { listPages } from './list-pages.ts';
import { merging, type Patch, replacing } from './object-patch.ts';
import { collectionPath, type ResourceKind } from './resource-kind.ts';
import { selectorQuery } from './selector.ts';
import { classify, type HttpCall, type Transport } from './transport.ts';
import { linesOf, parseWatchLine } from './watch-stream.ts';

const CALL_TIMEOUT_MS = 10_000;
const WATCH_IDLE_MS = 180_000;
/** The server ends a watch after this and a bit, so that load spreads over API servers that come and go. */
const WATCH_SECONDS = 480;

export interface RestClientOptions {
  readonly transport: Transport;
  readonly namespace: string;
}

/** The real API server behind the interface of client.ts. */
export function createRestClient({ transport, namespace: home }: RestClientOptions): KubernetesClient {
  function collection(kind: ResourceKind<unknown>, namespace: string | undefined): string {
    return collectionPath(kind, namespace === ALL_NAMESPACES ? undefined : (namespace ?? home));
  }
  function call(http: HttpCall, { signal, timeoutMs = CALL_TIMEOUT_MS }: CallOptions): Promise<unknown> {
    return transport.call(http, { signal, timeoutMs });
  }
  async function patch<T>(
    kind: ResourceKind<T>,
    target: Target,
    how: Patch,
    options: CallOptions,
  ): Promise<T> {
    const path = `${collection(kind, options.namespace)}/${encodeURIComponent(target.name)}${how.subresource ?? ''}`;
    const what = `patch ${kind.kind} ${target.name}${how.subresource ?? ''}`;
    return kind.parse(
      await call({ method: 'PATCH', path, what, body: how.body, contentType: how.contentType }, options),
    );
  }
  return {
    namespace: home,
    async get(kind, name, options) {
      const path = `${collection(kind, options.namespace)}/${encodeURIComponent(name)}`;
      return kind.parse(await call({ method: 'GET', path, what: `get ${kind.kind} ${name}` }, options));
    },
    list: (kind, selector, options) =>
      listPages(kind, {
        selector,
        page: (query) =>
          call(
            { method: 'GET', path: collection(kind, options.namespace), query, what: `list ${kind.plural}` },
            options,
          ),
      }),
    async create(kind, draft, options) {
      const { name, labels = {}, finalizers = [], spec } = draft;
      const body = {
        apiVersion: kind.apiVersion,
        kind: kind.kind,
        metadata: { name, labels, finalizers },
        spec,
      };
      const path = collection(kind, options.namespace);
      return kind.parse(
        await call({ method: 'POST', path, what: `create ${kind.kind} ${name}`, body }, options),
      );
    },
    replaceSpec: (kind, target, spec, options) =>
      patch(kind, target, replacing(target, '/spec', spec), options),
    replaceStatus: (kind, target, status, options) =>
      patch(kind, target, { ...replacing(target, '/status', status), subresource: '/status' }, options),
    replaceFinalizers: (kind, target, finalizers, options) =>
      patch(kind, target, replacing(target, '/metadata/finalizers', finalizers), options),
    mergePatch: (kind, target, body, options) => patch(kind, target, merging(target, body), options),
    async delete(kind, target, options) {
      const { uid, resourceVersion } = target;
      const preconditions = {
        ...(uid !== undefined && { uid }),
        ...(resourceVersion !== undefined && { resourceVersion }),
      };
      const path = `${collection(kind, options.namespace)}/${encodeURIComponent(target.name)}`;
      const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions };
      await call({ method: 'DELETE', path, what: `delete ${kind.kind} ${target.name}`, body }, options);
    },
    watch: (kind, options) => watch({ kind, transport, path: collection(kind, options.namespace) }, options),
    async createEvent({ name, namespace, body }, options) {
      const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/events`;
      const event = { apiVersion: 'v1', kind: 'Event', metadata: { name, namespace }, ...body };
      await call({ method: 'POST', path, what: `create Event ${name}`, body: event }, options);
    },
  };
}

interface Watched {
  readonly kind: ResourceKind<unknown>;
  readonly transport: Transport;
  readonly path: string;
}

async function* watch({ kind, transport, path }: Watched, options: WatchOptions): AsyncGenerator<WatchEvent> {
  const what = `watch ${kind.plural}`;
  const query = selectorQuery(options);
  query.set('watch', 'true');
  query.set('allowWatchBookmarks', 'true');
  query.set('resourceVersion', options.resourceVersion);
  query.set('timeoutSeconds', String(WATCH_SECONDS));
  const idle = new AbortController();
  const signal = AbortSignal.any([options.signal, idle.signal]);
  const idleMs = options.idleMs ?? WATCH_IDLE_MS;
  function armed(): () => void {
    return transport.clock.after(idleMs, () => idle.abort(new DOMException('nothing came', 'TimeoutError')));
  }
  const body = await transport.stream(
    { method: 'GET', path, query, what },
    { signal, timeoutMs: CALL_TIMEOUT_MS },
  );
  let disarm = armed();
  try {
    for await (const line of linesOf(body)) {
      disarm();
      yield parseWatchLine(what, line);
      disarm = armed();
    }
  } catch (error) {
    throw classify(error, what, signal);
  } finally {
    disarm();
    body.destroy();
  }
}
