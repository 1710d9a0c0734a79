/** Work for a volume that takes long: it runs beside everything else, one thing at a time a volume. */
import type { Backoff } from '../runtime/backoff.ts';
import type { NodeContext } from './context.ts';

export interface Job {
  readonly folderId: string;
  /** For messages, for example `scan`. */
  readonly name: string;
  readonly work: (signal: AbortSignal) => Promise<void>;
}

export interface Jobs {
  /** Does nothing while another job of the volume runs, or this one's back-off does. */
  start(job: Job): void;
  /**
   * Runs work as the volume's only job, and rejects as it does: what is beside the point of a look at the volume, and
   * in nobody's way when it fails. False where another job runs: nothing was done.
   */
  alone(job: Job): Promise<boolean>;
  /** In how many milliseconds a job of the volume may be started; 0 if now, undefined while one runs. */
  startsIn(folderId: string): number | undefined;
  /** Waits for what runs; to be called after the signal has fired. */
  settled(): Promise<void>;
}

type Context = Pick<NodeContext, 'volumes' | 'clock' | 'log' | 'wake'>;

export function createJobs(ctx: Context, backoff: Backoff, signal: AbortSignal): Jobs {
  const running = new Set<Promise<void>>();
  function startsIn(folderId: string): number | undefined {
    const { job, jobRetry } = ctx.volumes.record(folderId);
    return job === undefined ? Math.max(0, (jobRetry?.at ?? 0) - ctx.clock.now()) : undefined;
  }
  return {
    startsIn,
    start(job) {
      if (signal.aborted || startsIn(job.folderId) !== 0) return;
      ctx.volumes.record(job.folderId).job = job.name;
      const run = runJob(ctx, job, { backoff, signal }).finally(() => running.delete(run));
      running.add(run);
    },
    async alone(job) {
      const record = ctx.volumes.record(job.folderId);
      if (signal.aborted || record.job !== undefined) return false;
      record.job = job.name;
      try {
        await job.work(signal);
        return true;
      } finally {
        delete record.job;
        ctx.volumes.changed(job.folderId);
        ctx.wake.volume(job.folderId);
      }
    },
    async settled() {
      await Promise.allSettled(running);
    },
  };
}

interface RunOptions {
  readonly backoff: Backoff;
  readonly signal: AbortSignal;
}

async function runJob(
  ctx: Context,
  { folderId, name, work }: Job,
  { backoff, signal }: RunOptions,
): Promise<void> {
  const record = ctx.volumes.record(folderId);
  const begun = ctx.clock.now();
  try {
    await work(signal);
    delete record.jobRetry;
  } catch (error) {
    if (!signal.aborted) {
      const failures = (record.jobRetry?.failures ?? 0) + 1;
      const message = `${name}: ${error instanceof Error ? error.message : 'failed'}`;
      record.jobRetry = { at: retryAt(begun, ctx.clock.now(), backoff.delayMs(failures)), failures, message };
      ctx.log.warn({ error, folderId, job: name, failures }, 'a job failed and will be repeated');
    }
  } finally {
    delete record.job;
    ctx.volumes.changed(folderId);
    ctx.wake.volume(folderId);
  }
}

/** What fails slowly comes again slowly: no more than a third of the time goes into it. */
function retryAt(begun: number, now: number, delayMs: number): number {
  return now + Math.max(delayMs, 2 * (now - begun));
}
