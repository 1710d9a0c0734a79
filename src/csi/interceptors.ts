import type { Clock } from '../runtime/clock.ts';
import type { Metrics } from '../runtime/metrics.ts';
import { deadline } from './deadline.ts';
import { logCalls } from './log-calls.ts';
import { measureCalls } from './measure-calls.ts';
import type { Interceptor } from './rpc.ts';
import { volumeLock } from './volume-lock.ts';

export interface InterceptorOptions {
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** For a call that brings no deadline, in milliseconds. */
  readonly defaultDeadlineMs: number;
}

/** The usual stack. The lock is innermost: work that outlives the deadline of its call keeps holding it. */
export function standardInterceptors(options: InterceptorOptions): readonly Interceptor[] {
  const { clock, metrics, defaultDeadlineMs } = options;
  return [measureCalls(metrics, clock), logCalls(clock), deadline(clock, defaultDeadlineMs), volumeLock()];
}
