/** Before others may write it a tree is made what Syncthing brings to them; the rest is written down (handoff rule 39). */
import { readFile, rm } from 'node:fs/promises';
import { withPlainTree, type DiskState } from '../handoff/disk-state.ts';
import { MetadataError } from '../metadata/errors.ts';
import { findSpecial, type FindOptions } from '../metadata/find-special.ts';
import { makePlain, portionsOf } from '../metadata/make-plain.ts';
import { renderManifest } from '../metadata/manifest.ts';
import { planPlain, type PlainPlan } from '../metadata/plan-plain.ts';
import { readablePath } from '../metadata/readable-path.ts';
import { writeDurably } from '../runtime/durable-file.ts';
import type { NodeContext } from './context.ts';
import { isMissing } from './errors.ts';
import { exists } from './exists.ts';
import type { ScanRequest } from './scan.ts';
import { volumeMounts } from './volume-mounts.ts';

/**
 * After the last unmount and before the scan that is to prove it: the manifest, on the disk, then state.json, then the
 * tree. Repeated after a crash it goes on with the tree and keeps the manifest, which a tree half made plain would
 * belie. False: a pod came back, and with it another session.
 */
export async function makeTreePlain(
  ctx: NodeContext,
  request: ScanRequest,
  signal: AbortSignal,
): Promise<boolean> {
  const { folderId, epoch } = request;
  const plan = await lookThrough(ctx, folderId, signal);
  if (plan === undefined) return true;
  if (!(await inSession(ctx, request, (state) => beginPlain(ctx, state, plan)))) return false;
  const again = (): Promise<PlainPlan | undefined> => lookThrough(ctx, folderId, signal);
  const isDone = await takeAway(ctx, folderId, { plan, again, signal }, (work) =>
    inSession(ctx, request, work),
  );
  const paths = [...plan.omitted, ...namesFor(plan.uncarried)];
  ctx.volumes.record(folderId).uncarried = { epoch, paths };
  if (paths.length > 0)
    ctx.log.warn({ folderId, paths }, 'the volume has files that arrive on no other node');
  return isDone;
}

/**
 * A copy of a lost lineage that rejoins: its pod left things, and no other node waits for them. Each of its archives may
 * have one more name of every file (handoff rule 30).
 */
export async function makeReceiverPlain(
  ctx: NodeContext,
  folderId: string,
  archives: number,
  signal: AbortSignal,
): Promise<void> {
  const elsewhere = { namesElsewhere: archives };
  const again = (): Promise<PlainPlan | undefined> => lookThrough(ctx, folderId, signal, elsewhere);
  const plan = await again();
  if (plan === undefined) return;
  await takeAway(ctx, folderId, { plan, again, signal }, async (work) => {
    await work();
    return true;
  });
}

interface Taking {
  readonly plan: PlainPlan;
  readonly again: () => Promise<PlainPlan | undefined>;
  readonly signal: AbortSignal;
}

/** Five million files, or 400,000 with the longest paths; what is not done then is not going to be. */
const MAX_GOES = 100;

/** Portion by portion as long as `guarded` lets it; false when it does not any more. */
async function takeAway(
  ctx: NodeContext,
  folderId: string,
  { plan, again, signal }: Taking,
  guarded: (work: () => Promise<void>) => Promise<boolean>,
): Promise<boolean> {
  const { data, scratch } = ctx.store.layout.volume(folderId);
  const options = { root: data, scratch, syncFilesystems: ctx.syncFilesystems, signal };
  let next: PlainPlan | undefined = plan;
  for (let go = 1; next !== undefined; go += 1) {
    for (const portion of portionsOf(next.steps)) {
      if (!(await guarded(() => makePlain(portion, options)))) return false;
    }
    if (!next.isPartial || next.steps.length === 0) return true;
    if (go === MAX_GOES) throw new MetadataError('failed', `there is no end of special files in ${data}`);
    next = await again();
  }
  return true;
}

async function lookThrough(
  ctx: NodeContext,
  folderId: string,
  signal: AbortSignal,
  options: FindOptions = {},
): Promise<PlainPlan | undefined> {
  const { data } = ctx.store.layout.volume(folderId);
  if (!(await exists(data))) return undefined;
  return planPlain(await findSpecial(data, signal, options));
}

/** No pod mounts it while this runs, and none did since the session's last unmount: a mount is a session of its own. */
async function inSession(
  ctx: NodeContext,
  { folderId, epoch, session }: ScanRequest,
  work: (state: DiskState) => Promise<void | false>,
): Promise<boolean> {
  return ctx.mutex.run(folderId, async () => {
    const state = await ctx.states.read(folderId);
    const phase = state?.phase;
    if (state === undefined || phase?.kind !== 'writer') return false;
    if (phase.epoch !== epoch || phase.session !== session) return false;
    return (await work(state)) !== false;
  });
}

/** Whoever saw no mount looks once more, before anything is taken from a tree that a pod may have. */
async function beginPlain(ctx: NodeContext, state: DiskState, plan: PlainPlan): Promise<void | false> {
  const { pods } = await volumeMounts(ctx, state.folderId);
  return pods.length > 0 ? false : keepManifest(ctx, state, plan);
}

async function keepManifest(ctx: NodeContext, state: DiskState, plan: PlainPlan): Promise<void> {
  if (state.phase.kind === 'writer' && state.phase.plain === true) return;
  const { manifest, scratch } = ctx.store.layout.volume(state.folderId);
  const before = await readIfThere(manifest);
  const bytes = plan.entries.length === 0 ? undefined : renderManifest(plan.entries);
  if (bytes === undefined && before !== undefined) await rm(manifest);
  // The same bytes are not written again: nothing would have to be sent and waited for.
  if (bytes !== undefined && before?.equals(bytes) !== true) {
    await writeDurably(manifest, bytes, `${scratch}.manifest`);
  }
  if (plan.steps.length > 0) await ctx.states.write(withPlainTree(state));
}

/** Undefined where there is none. */
async function readIfThere(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

const NAMED = 5;

function namesFor(paths: readonly string[]): readonly string[] {
  const named = paths.slice(0, NAMED).map(readablePath);
  return paths.length > NAMED ? [...named, `and ${paths.length - NAMED} more`] : named;
}
