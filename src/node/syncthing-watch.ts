/** What the local Syncthing tells of, turned into "look at these volumes". */
import type { SyncthingEvent } from '../syncthing/events.ts';
import { syncthingEvents } from '../syncthing/events.ts';
import { noteChangedNames } from './conflict-copies.ts';
import { sleepUnless } from './sleep-unless.ts';
import type { NodeContext } from './context.ts';

const CHECK_MS = 10_000;
const RETRY_MS = 5_000;

/** Follows the daemon's events until the signal fires, across its restarts. */
export async function watchSyncthing(ctx: NodeContext, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      for await (const event of syncthingEvents({ client: ctx.syncthing, clock: ctx.clock, signal })) {
        await handle(ctx, event, signal);
      }
    } catch (error) {
      if (signal.aborted) return;
      ctx.log.error({ error }, 'the events of Syncthing cannot be followed');
      await ctx.clock.sleep(RETRY_MS, signal).catch(() => undefined);
    }
  }
}

async function handle(ctx: NodeContext, event: SyncthingEvent, signal: AbortSignal): Promise<void> {
  if (event.kind === 'LocalIndexUpdated') await noteChangedNames(ctx, event.folderId, event.names);
  if ('folderId' in event) return ctx.wake.volume(event.folderId);
  if ('deviceId' in event) return lookAtAll(ctx);
  if (event.kind !== 'gap') return;
  ctx.log.info({ reason: event.reason }, 'looking at every volume anew');
  await checkHealth(ctx, signal);
  for (const folderId of ctx.volumes.ordered()) ctx.volumes.record(folderId).conflictsSought = false;
  lookAtAll(ctx);
  // Another process of the daemon may have another configuration: a disk that was put back, for example, or one that could
  // not be saved. Who tried while it was away backs off, and hears of a change alone late.
  ctx.wake.round('urgent');
  ctx.wake.round('change');
}

function lookAtAll(ctx: NodeContext): void {
  for (const folderId of ctx.volumes.ordered()) ctx.wake.volume(folderId);
}

async function checkHealth(ctx: NodeContext, signal: AbortSignal): Promise<void> {
  const before = ctx.health.state;
  const now = await ctx.health.check(signal);
  if (now.kind !== before.kind || now.kind === 'away') ctx.wake.nodeReport();
}

/** Asks the daemon now and then whether it still answers, for the node's report and Probe. */
export async function watchHealth(ctx: NodeContext, signal: AbortSignal): Promise<void> {
  const never = new Promise<void>(() => {});
  while (!signal.aborted) {
    await checkHealth(ctx, signal);
    await sleepUnless(ctx.clock, CHECK_MS, { signal, woken: never });
  }
}
