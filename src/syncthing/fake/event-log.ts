import type { RawEvent } from '../client.ts';

type Waiter = () => void;

interface Buffer {
  readonly types: ReadonlySet<string>;
  events: RawEvent[];
  lastId: number;
}

/** How many events the daemon keeps for one set of types. */
const KEPT = 1000;

/** A daemon's events: each set of types that was ever asked for has a buffer and numbers of its own. */
export class EventLog {
  readonly #buffers = new Map<string, Buffer>();
  readonly #waiters = new Set<Waiter>();

  emit(type: string, data: unknown): void {
    for (const buffer of this.#buffers.values()) {
      if (buffer.types.has(type)) {
        buffer.lastId += 1;
        const event = { id: buffer.lastId, type, time: new Date().toISOString(), data };
        buffer.events = [...buffer.events, event].slice(-KEPT);
      }
    }
    for (const wake of this.#waiters) {
      wake();
    }
  }

  /** As the long poll of `/rest/events`; `closed` ends the wait without an answer. */
  async since(
    query: { readonly types: string; readonly since: number; readonly holdMs: number },
    closed: AbortSignal,
  ): Promise<readonly RawEvent[]> {
    const buffer = this.#buffer(query.types);
    const deadline = Date.now() + query.holdMs;
    for (;;) {
      const found = buffer.lastId > query.since ? buffer.events : [];
      const left = deadline - Date.now();
      if (found.length > 0 || left <= 0 || closed.aborted) {
        return found.filter((event) => event.id > query.since);
      }
      await this.#wait(left, closed);
    }
  }

  #buffer(types: string): Buffer {
    const existing = this.#buffers.get(types);
    if (existing !== undefined) {
      return existing;
    }
    const buffer: Buffer = { types: new Set(types.split(',')), events: [], lastId: 0 };
    this.#buffers.set(types, buffer);
    return buffer;
  }

  #wait(ms: number, closed: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#waiters.delete(wake);
        closed.removeEventListener('abort', wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      this.#waiters.add(wake);
      closed.addEventListener('abort', wake);
    });
  }
}
