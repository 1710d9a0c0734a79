import { shortHash } from '../desired/volume-id.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/logger.ts';
import type { KubernetesClient } from './client.ts';
import type { ObjectReference } from './cluster-objects.ts';
import { isKubernetesError } from './errors.ts';
import { EVENTS, type ResourceKind } from './resource-kind.ts';

export interface Occurrence {
  readonly about: ObjectReference;
  readonly type: 'Normal' | 'Warning';
  /** CamelCase, one word for the machine. */
  readonly reason: string;
  /** For the person who reads `kubectl describe`: what, where, what to do. Cut at 1024 characters. */
  readonly message: string;
}

export interface EventRecorder {
  /** Never throws and does not wait: an event that cannot be written is logged. */
  record(occurrence: Occurrence): void;
  /** Settles when all that was recorded so far is written or given up. */
  flush(): Promise<void>;
}

export interface EventRecorderOptions {
  readonly client: KubernetesClient;
  readonly clock: Clock;
  readonly log: Logger;
  /** e.g. the driver's name. */
  readonly component: string;
  /** The node's or the pod's name. */
  readonly instance: string;
  readonly signal: AbortSignal;
}

/** The same again within this time is counted here and told later, with the next one. */
const QUIET_MS = 30_000;
/** The API server forgets events after an hour. */
const FORGET_MS = 3_600_000;
const MAX_KNOWN = 500;
const MAX_WAITING = 100;
const MAX_MESSAGE = 1024;

interface Known {
  readonly name: string;
  readonly namespace: string;
  readonly firstAt: number;
  count: number;
  lastAt: number;
  /** When the API server last heard of it. */
  toldAt: number | undefined;
  queued: boolean;
}

/** core/v1 Events, the same ones counted up instead of written anew. */
export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const known = new Map<string, Known>();
  let sending: Promise<void> = Promise.resolve();
  let waiting = 0;

  function enqueue(occurrence: Occurrence, entry: Known): void {
    if (waiting >= MAX_WAITING) {
      options.log.warn(
        { reason: occurrence.reason, object: occurrence.about.name },
        'too many events wait, one is dropped',
      );
      return;
    }
    waiting += 1;
    entry.queued = true;
    sending = sending.then(async () => {
      waiting -= 1;
      entry.queued = false;
      await send(options, occurrence, entry);
    });
  }
  return {
    record(occurrence) {
      const now = options.clock.now();
      const { about, type, reason, message } = occurrence;
      const key = JSON.stringify([about.uid, about.name, type, reason, message]);
      const before = known.get(key);
      const entry =
        before !== undefined && now - before.lastAt < FORGET_MS ? before : begin(occurrence, key, now);
      entry.count += 1;
      entry.lastAt = now;
      remember(known, key, entry);
      const told = entry.toldAt !== undefined && now - entry.toldAt < QUIET_MS;
      if (!told && !entry.queued) enqueue(occurrence, entry);
    },
    flush: () => sending,
  };
}

/** What an event about an object of a kind refers to; `namespace` for namespaced kinds alone. */
export function referenceTo(
  kind: ResourceKind<unknown>,
  object: { readonly name: string; readonly uid: string },
  namespace?: string,
): ObjectReference {
  const { apiVersion, kind: name } = kind;
  return {
    apiVersion,
    kind: name,
    ...(namespace !== undefined && { namespace }),
    name: object.name,
    uid: object.uid,
  };
}

function begin({ about }: Occurrence, key: string, now: number): Known {
  return {
    name: `${about.name.slice(0, 200)}.${shortHash(`${key}${now}`, 16)}`,
    // An event about what has no namespace is in `default`: the API server asks for that.
    namespace: about.namespace ?? 'default',
    firstAt: now,
    count: 0,
    lastAt: now,
    toldAt: undefined,
    queued: false,
  };
}

function remember(known: Map<string, Known>, key: string, entry: Known): void {
  known.delete(key);
  known.set(key, entry);
  const [oldest] = known.keys();
  if (known.size > MAX_KNOWN && oldest !== undefined) known.delete(oldest);
}

async function send(options: EventRecorderOptions, occurrence: Occurrence, entry: Known): Promise<void> {
  const { client, clock, signal, log } = options;
  const first = entry.toldAt === undefined;
  entry.toldAt = clock.now();
  try {
    if (!first && (await countUp(options, entry))) return;
    await client.createEvent(
      { name: entry.name, namespace: entry.namespace, body: bodyOf(options, occurrence, entry) },
      { signal },
    );
  } catch (error) {
    if (!signal.aborted) log.warn({ error, reason: occurrence.reason }, 'an event cannot be written');
  }
}

/** False when the API server has forgotten the event. */
async function countUp({ client, clock, signal }: EventRecorderOptions, entry: Known): Promise<boolean> {
  try {
    const patch = { count: entry.count, lastTimestamp: seconds(clock.now()) };
    await client.mergePatch(EVENTS, { name: entry.name }, patch, { signal, namespace: entry.namespace });
    return true;
  } catch (error) {
    if (isKubernetesError(error, 'not-found')) return false;
    throw error;
  }
}

function bodyOf(
  options: EventRecorderOptions,
  { about, type, reason, message }: Occurrence,
  entry: Known,
): object {
  const { component, instance, clock } = options;
  return {
    involvedObject: about,
    type,
    reason,
    message: message.length <= MAX_MESSAGE ? message : `${message.slice(0, MAX_MESSAGE - 1)}…`,
    count: entry.count,
    firstTimestamp: seconds(entry.firstAt),
    lastTimestamp: seconds(clock.now()),
    source: { component, host: instance },
    reportingComponent: component,
    reportingInstance: instance,
  };
}

/** metav1.Time has no fraction. */
function seconds(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}
