/** Scrubbing this node's copies, one at a time, step by step: observe, plan (src/desired/plan-scrub.ts), apply. */
import {
  dueScrubs,
  failing,
  goingOn,
  nextScrubStep,
  spreadOf,
  type ScrubCandidate,
} from '../desired/plan-scrub.ts';
import { newScrubRecord, type ScrubRecord, type ScrubSettings } from '../desired/scrub.ts';
import { scrubObstacle } from '../handoff/scrub.ts';
import { exponentialBackoff, type Backoff } from '../runtime/backoff.ts';
import type { NodeContext } from './context.ts';
import type { FolderObserver } from './folder-observer.ts';
import type { Jobs } from './jobs.ts';
import { carryOut, type Copy, type Scrubber, type ScrubTools } from './scrub-steps.ts';

export interface ScrubParts {
  readonly ctx: NodeContext;
  readonly observer: FolderObserver;
  readonly jobs: Jobs;
  readonly scrubber: Scrubber;
  readonly settings: ScrubSettings;
  readonly tally: ScrubTools['tally'];
  /** In [0, 1), as Math.random. */
  readonly random: () => number;
}

/** How long a request may go unseen. */
const LOOK_AGAIN_MS = 3_000;
/** What keeps a copy from being scrubbed for so long is worth a report. */
const OBSTACLE_MS = 60_000;
/** A copy that cannot be scrubbed is left alone for as long as that has lasted, up to this. */
const LEFT_ALONE_MS = 30_000;

interface Rounds {
  readonly parts: ScrubParts;
  readonly backoff: Backoff;
  /** By folder id: when it may be tried again, and how often it failed in a row. */
  readonly retries: Map<string, { readonly at: number; readonly failures: number }>;
  /** By folder id: since when something is in its way. */
  readonly obstacles: Map<string, number>;
}

/** Until the signal fires. Nothing waits for it, and a failure of one copy keeps no other from its turn. */
export async function runScrubs(parts: ScrubParts, signal: AbortSignal): Promise<void> {
  const { clock, log } = parts.ctx;
  const step = createScrubs(parts);
  while (!signal.aborted) {
    const isDone = await step(signal).catch((error: unknown) => {
      if (!signal.aborted) log.error({ error }, 'the scrubs of this node cannot go on');
      return false;
    });
    if (!isDone) await clock.sleep(LOOK_AGAIN_MS, signal).catch(() => undefined);
  }
}

/** One step at each call; false where there was none to do. */
export function createScrubs(parts: ScrubParts): (signal: AbortSignal) => Promise<boolean> {
  const rounds: Rounds = {
    parts,
    backoff: exponentialBackoff({ firstMs: 10_000, maxMs: 3_600_000, random: parts.random }),
    retries: new Map(),
    obstacles: new Map(),
  };
  return (signal) => doOneStep(rounds, signal);
}

/** One step of the first copy that is due and can be worked on; false where there is none. */
async function doOneStep(rounds: Rounds, signal: AbortSignal): Promise<boolean> {
  const { ctx, settings } = rounds.parts;
  const candidates = await allCandidates(ctx);
  for (const { folderId } of dueScrubs(candidates, settings.intervalMs, ctx.clock.now())) {
    if ((rounds.retries.get(folderId)?.at ?? 0) > ctx.clock.now()) continue;
    if (await tryStep(rounds, folderId, signal)) return true;
  }
  return false;
}

/** Copies with an order and a state.json; what has neither is about to come or to go, or is told of elsewhere. */
async function allCandidates(ctx: NodeContext): Promise<readonly ScrubCandidate[]> {
  const found: ScrubCandidate[] = [];
  for (const folderId of ctx.volumes.ordered()) {
    const spec = ctx.volumes.record(folderId).order?.spec;
    const record = spec?.removal === undefined ? await readableRecord(ctx, folderId) : undefined;
    if (record === undefined) continue;
    const requestedAt = spec?.scrub?.requestedAt;
    const spread = spreadOf(ctx.node, folderId);
    found.push({ folderId, record, spread, ...(requestedAt !== undefined && { requestedAt }) });
  }
  return found;
}

/** One volume that cannot be read must not keep the others from being scrubbed. */
async function readableRecord(ctx: NodeContext, folderId: string): Promise<ScrubRecord | undefined> {
  try {
    return await recordOf(ctx, folderId);
  } catch (error) {
    ctx.log.debug({ error, folderId }, 'a copy cannot be scrubbed');
    return undefined;
  }
}

async function recordOf(ctx: NodeContext, folderId: string): Promise<ScrubRecord | undefined> {
  const known = ctx.volumes.record(folderId);
  if (known.scrub !== undefined) return known.scrub;
  if ((await ctx.states.read(folderId)) === undefined) return undefined;
  const record = await ctx.scrubs.read(folderId);
  known.scrub = record ?? newScrubRecord(ctx.clock.now());
  if (record === undefined) await ctx.scrubs.write(folderId, known.scrub);
  ctx.wake.volume(folderId);
  return known.scrub;
}

async function tryStep(rounds: Rounds, folderId: string, signal: AbortSignal): Promise<boolean> {
  const { ctx } = rounds.parts;
  try {
    const copy = await observeCopy(rounds.parts, folderId, signal);
    if (copy === undefined) return false;
    const obstacle = scrubObstacle(copy);
    if (obstacle !== undefined) {
      await noteObstacle(rounds, folderId, obstacle);
      return false;
    }
    rounds.obstacles.delete(folderId);
    const { jobs, scrubber, settings, tally } = rounds.parts;
    const tools = {
      ctx,
      jobs,
      scrubber,
      settings,
      tally,
      observe: () => observeCopy(rounds.parts, folderId, signal),
    };
    const record = goingOn(copy.record);
    const step = nextScrubStep(record, copy.folder?.type === 'sendreceive');
    const next = await carryOut(tools, { ...copy, record }, { step, signal });
    if (next === undefined) return false;
    await remember(ctx, folderId, next);
    rounds.retries.delete(folderId);
    return true;
  } catch (error) {
    if (!signal.aborted) await noteFailure(rounds, folderId, error);
    return false;
  }
}

async function observeCopy(
  { ctx, observer }: ScrubParts,
  folderId: string,
  signal: AbortSignal,
): Promise<Copy | undefined> {
  const { order, scrub: record } = ctx.volumes.record(folderId);
  const state = await ctx.states.read(folderId);
  if (order === undefined || record === undefined || state === undefined) return undefined;
  const seen = await observer.observe(order.spec, signal);
  if (seen.kind === 'unseen') throw seen.error;
  const isWanted = ctx.wanted.isWanted(folderId);
  return { folderId, record, state, order: order.spec, folder: seen.report, isWanted };
}

/** What comes and goes is nobody's business; what stays is reported. */
async function noteObstacle(
  { parts: { ctx }, obstacles, retries }: Rounds,
  folderId: string,
  obstacle: string,
): Promise<void> {
  const now = ctx.clock.now();
  const since = obstacles.get(folderId) ?? now;
  obstacles.set(folderId, since);
  const { scrub } = ctx.volumes.record(folderId);
  const at = now + Math.min(now - since, LEFT_ALONE_MS);
  retries.set(folderId, { at, failures: retries.get(folderId)?.failures ?? 0 });
  if (scrub !== undefined && now - since >= OBSTACLE_MS)
    await remember(ctx, folderId, failing(scrub, `waits: ${obstacle}`, since));
}

async function noteFailure({ parts: { ctx }, retries, backoff }: Rounds, folderId: string, error: unknown) {
  const now = ctx.clock.now();
  const failures = (retries.get(folderId)?.failures ?? 0) + 1;
  retries.set(folderId, { at: now + backoff.delayMs(failures), failures });
  ctx.log.warn({ error, folderId, failures }, 'a step of a scrub failed and will be repeated');
  const { scrub } = ctx.volumes.record(folderId);
  const message = error instanceof Error ? error.message : 'failed';
  if (scrub !== undefined) await remember(ctx, folderId, failing(scrub, message, now));
}

async function remember(ctx: NodeContext, folderId: string, record: ScrubRecord): Promise<void> {
  const known = ctx.volumes.record(folderId);
  // The copy went meanwhile, and with it what is known of it.
  if (known.scrub === undefined || known.scrub === record) return;
  await ctx.scrubs.write(folderId, record);
  known.scrub = record;
  ctx.wake.volume(folderId);
}
