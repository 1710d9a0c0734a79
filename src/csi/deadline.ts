import type { Clock } from '../runtime/clock.ts';
import { CsiError } from './errors.ts';
import type { Interceptor } from './rpc.ts';

/**
 * Gives a deadline to a call that brings none, and answers when it passes even if the work goes on: the lock further in
 * stays held, so the repeated call gets ABORTED until the work has ended, and finds its result afterwards.
 */
export function deadline(clock: Clock, defaultMs: number): Interceptor {
  return (method, next) => async (request, context) => {
    const now = clock.now();
    const deadlineMs = Number.isFinite(context.deadlineMs) ? context.deadlineMs : now + defaultMs;
    const passed = new AbortController();
    const cancel = clock.after(Math.max(0, deadlineMs - now), () => {
      const message = `${method.name}: not done within ${Math.round(deadlineMs - now)} ms, the call will be repeated`;
      passed.abort(new CsiError('deadline-exceeded', message));
    });
    const signal = AbortSignal.any([context.signal, passed.signal]);
    const work = next(request, { ...context, signal, deadlineMs });
    try {
      return await firstOf(work, signal);
    } finally {
      cancel();
    }
  };
}

/** How long work whose signal has fired may take to say it better than "deadline passed". */
const lastWordMs = 50;

function firstOf<Response>(work: Promise<Response>, signal: AbortSignal): Promise<Response> {
  return new Promise((resolve, reject) => {
    work.then(resolve, reject);
    function giveUp(): void {
      setTimeout(() => reject(signal.reason), lastWordMs).unref();
    }
    if (signal.aborted) giveUp();
    else signal.addEventListener('abort', giveUp, { once: true });
  });
}
