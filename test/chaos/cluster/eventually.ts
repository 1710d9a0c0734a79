/** Waiting while things are broken on purpose: an error is no answer yet, but is told when patience ends. */
import { waitUntil } from '../../../tools/host/wait-until.ts';

export interface Patience {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly everyMs?: number;
  readonly what: string;
}

/** Asks until there is an answer; the message of the last error is part of the failure. */
export async function eventually<T>(
  ask: () => T | undefined | Promise<T | undefined>,
  patience: Patience,
): Promise<T> {
  let last = '';
  const asked = async () => {
    try {
      return await ask();
    } catch (error) {
      patience.signal.throwIfAborted();
      last = error instanceof Error ? error.message : String(error);
      return undefined;
    }
  };
  try {
    return await waitUntil(asked, { everyMs: 150, ...patience });
  } catch (error) {
    patience.signal.throwIfAborted();
    if (last === '') throw error;
    throw new Error(`${error instanceof Error ? error.message : String(error)}; last: ${last}`, {
      cause: error,
    });
  }
}
