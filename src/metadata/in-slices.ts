import { setImmediate } from 'node:timers/promises';

/** So many of a few microseconds each that nobody else waits noticeably. */
const SLICE = 64;

/** Does something synchronous for each, and lets others in between. */
export async function inSlices<T>(
  items: readonly T[],
  signal: AbortSignal,
  work: (item: T) => void,
): Promise<void> {
  for (const [index, item] of items.entries()) {
    if (index % SLICE === 0) {
      signal.throwIfAborted();
      await setImmediate();
    }
    work(item);
  }
}
