import type { Clock } from '../runtime/clock.ts';
import type { RawEvent, SyncthingClient } from './client.ts';
import { SyncthingError } from './errors.ts';
import { parseEvent, type EventType, type KnownEvent } from './event-schema.ts';

export type { EventType, KnownEvent } from './event-schema.ts';

/**
 * Something may have happened that no event tells of: read everything anew.
 * `start`: the stream begins; `lost`: the daemon's buffer (1000 events) overflowed; `restart`: the
 * daemon is another process; `unreadable`: an event of ours could not be understood.
 */
export interface EventGap {
  readonly kind: 'gap';
  readonly reason: 'start' | 'lost' | 'restart' | 'unreadable';
}

export type SyncthingEvent = KnownEvent | EventGap;

/** All but ConfigSaved, which carries the whole configuration each time and tells what we did ourselves. */
export const DEFAULT_EVENT_TYPES: readonly EventType[] = [
  'LocalIndexUpdated',
  'RemoteIndexUpdated',
  'FolderCompletion',
  'FolderSummary',
  'StateChanged',
  'FolderErrors',
  'DeviceConnected',
  'DeviceDisconnected',
  'ClusterConfigReceived',
];

export interface EventsOptions {
  readonly client: Pick<SyncthingClient, 'events' | 'systemStatus'>;
  readonly clock: Clock;
  /** Ends the stream. */
  readonly signal: AbortSignal;
  /** Consumers with the same set share the daemon's buffer, others cost it one more. */
  readonly types?: readonly EventType[];
}

const HOLD_SECONDS = 30;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
/** How often a busy stream makes sure that the daemon is still the same process. */
const IDENTITY_CHECK_MS = 5_000;

/**
 * What happens in a daemon, for as long as the signal allows, across its restarts and crashes.
 *
 * Begins with a gap, given when the daemon already keeps events for us: what is read after it and
 * what the stream gives later miss nothing together. Rejects only when the API key is refused.
 */
export async function* syncthingEvents(options: EventsOptions): AsyncGenerator<SyncthingEvent> {
  let cursor: Cursor | undefined;
  let pauseMs = FIRST_PAUSE_MS;
  while (!options.signal.aborted) {
    try {
      if (cursor === undefined) {
        cursor = await begin(options);
        yield { kind: 'gap', reason: 'start' };
      }
      const batch = await poll(options, cursor);
      cursor = batch.cursor;
      pauseMs = FIRST_PAUSE_MS;
      yield* batch.events;
    } catch (error) {
      if (SyncthingError.from(error).kind === 'unauthorized') {
        throw error;
      }
      await pause(options, pauseMs);
      pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
      cursor &&= { ...cursor, checkedAt: UNCHECKED };
    }
  }
}

/** How far the stream has come in which process of the daemon. */
interface Cursor {
  readonly startTime: string;
  readonly since: number;
  readonly checkedAt: number;
}

const UNCHECKED = Number.NEGATIVE_INFINITY;

/** Makes the daemon keep events of these types from now on, and finds the newest that it kept before. */
async function begin(options: EventsOptions): Promise<Cursor> {
  const { client, clock, signal } = options;
  const { startTime } = await client.systemStatus({ signal });
  const query = { events: typesOf(options), since: 0, limit: 1, holdSeconds: 0 };
  const [newest] = await client.events(query, { signal });
  return { startTime, since: newest?.id ?? 0, checkedAt: clock.now() };
}

interface Batch {
  readonly cursor: Cursor;
  readonly events: readonly SyncthingEvent[];
}

async function poll(options: EventsOptions, cursor: Cursor): Promise<Batch> {
  const { client, clock, signal } = options;
  let { checkedAt } = cursor;
  // A new process counts from 1 and would hold back everything up to our number: look before asking.
  if (Math.abs(clock.now() - checkedAt) > IDENTITY_CHECK_MS) {
    const { startTime } = await client.systemStatus({ signal });
    if (startTime !== cursor.startTime) {
      return { cursor: await begin(options), events: [{ kind: 'gap', reason: 'restart' }] };
    }
    checkedAt = clock.now();
  }
  const query = { events: typesOf(options), since: cursor.since, holdSeconds: HOLD_SECONDS };
  const raw = await client.events(query, { signal });
  const last = raw.at(-1);
  return last === undefined
    ? { cursor: { ...cursor, checkedAt: UNCHECKED }, events: [] }
    : { cursor: { ...cursor, since: last.id, checkedAt }, events: parseBatch(raw, cursor.since) };
}

function parseBatch(raw: readonly RawEvent[], since: number): readonly SyncthingEvent[] {
  const events: SyncthingEvent[] = [];
  let expected = since + 1;
  for (const event of raw) {
    if (event.id !== expected) {
      events.push({ kind: 'gap', reason: 'lost' });
    }
    expected = event.id + 1;
    const parsed = parseEvent(event);
    if (parsed === 'unreadable') {
      events.push({ kind: 'gap', reason: 'unreadable' });
    } else if (parsed !== 'ignored') {
      events.push(parsed);
    }
  }
  return events;
}

function typesOf(options: EventsOptions): readonly EventType[] {
  return options.types ?? DEFAULT_EVENT_TYPES;
}

async function pause({ clock, signal }: EventsOptions, ms: number): Promise<void> {
  try {
    await clock.sleep(ms, signal);
  } catch {
    // The signal: the loop sees it.
  }
}
