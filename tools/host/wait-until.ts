import { setTimeout as delay } from 'node:timers/promises';
import { HostError } from './errors.ts';

export type WaitOptions = {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly everyMs?: number;
  /** What is waited for, with where to look when it does not come. */
  readonly what: string;
};

/** Asks again and again until the answer is there; undefined means not yet. */
export async function waitUntil<T>(
  ask: () => T | undefined | Promise<T | undefined>,
  options: WaitOptions,
): Promise<T> {
  const until = Date.now() + options.timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > until)
      throw new HostError('timeout', `waited ${options.timeoutMs / 1000} s in vain for ${options.what}`);
    await delay(options.everyMs ?? 100, undefined, { signal: options.signal });
  }
}
