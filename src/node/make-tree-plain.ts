/** Before others may write it a tree is made what Syncthing brings to them; the rest is written down (handoff rule 39). */
import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { withPlainTree, type DiskState } from '../handoff/disk-state.ts';
import { findSpecial } from '../metadata/find-special.ts';
import { makePlain, portionsOf, type PlainOptions } from '../metadata/make-plain.ts';
import { renderManifest } from '../metadata/manifest.ts';
import { planPlain, type PlainPlan } from '../metadata/plan-plain.ts';
import { readablePath } from '../metadata/readable-path.ts';
import { syncDirectory } from '../runtime/durable-file.ts';
import type { NodeContext } from './context.ts';
import { isMissing } from './errors.ts';
import type { ScanRequest } from './scan.ts';

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
  if (!(await inSession(ctx, request, (state) => keepManifest(ctx, state, plan)))) return false;
  for (const portion of portionsOf(plan.steps)) {
    const isDone = await inSession(ctx, request, () =>
      makePlain(portion, plainOptions(ctx, folderId, signal)),
    );
    if (!isDone) return false;
  }
  const paths = namesFor(plan.uncarried);
  ctx.volumes.record(folderId).uncarried = { epoch, paths };
  if (paths.length > 0)
    ctx.log.warn({ folderId, paths }, 'the volume has files that arrive on no other node');
  return true;
}

/** A copy of a lost lineage that rejoins: its pod left things, and no other node waits for them. */
export async function makeReceiverPlain(
  ctx: NodeContext,
  folderId: string,
  signal: AbortSignal,
): Promise<void> {
  const plan = await lookThrough(ctx, folderId, signal);
  for (const portion of portionsOf(plan?.steps ?? []))
    await makePlain(portion, plainOptions(ctx, folderId, signal));
}

async function lookThrough(
  ctx: NodeContext,
  folderId: string,
  signal: AbortSignal,
): Promise<PlainPlan | undefined> {
  const { data } = ctx.store.layout.volume(folderId);
  try {
    await stat(data);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  return planPlain(await findSpecial(data, signal));
}

function plainOptions(ctx: NodeContext, folderId: string, signal: AbortSignal): PlainOptions {
  const { data, scratch } = ctx.store.layout.volume(folderId);
  return { root: data, scratch, syncFilesystems: ctx.syncFilesystems, signal };
}

/** No pod mounts it while this runs, and none did since the session's last unmount: a mount is a session of its own. */
async function inSession(
  ctx: NodeContext,
  { folderId, epoch, session }: ScanRequest,
  work: (state: DiskState) => Promise<void>,
): Promise<boolean> {
  return ctx.mutex.run(folderId, async () => {
    const state = await ctx.states.read(folderId);
    const phase = state?.phase;
    if (state === undefined || phase?.kind !== 'writer') return false;
    if (phase.epoch !== epoch || phase.session !== session) return false;
    await work(state);
    return true;
  });
}

async function keepManifest(ctx: NodeContext, state: DiskState, plan: PlainPlan): Promise<void> {
  if (state.phase.kind === 'writer' && state.phase.plain === true) return;
  const { manifest, scratch, syncRoot } = ctx.store.layout.volume(state.folderId);
  const before = await readIfThere(manifest);
  const bytes = plan.entries.length === 0 ? undefined : renderManifest(plan.entries);
  if (bytes === undefined && before !== undefined) await rm(manifest);
  // The same bytes are not written again: nothing would have to be sent and waited for.
  if (bytes !== undefined && before?.equals(bytes) !== true) {
    await writeSynced(`${scratch}.manifest`, bytes);
    await rename(`${scratch}.manifest`, manifest);
    await syncDirectory(syncRoot);
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

async function writeSynced(file: string, bytes: Buffer): Promise<void> {
  const handle = await open(file, 'w', 0o600);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const NAMED = 5;

function namesFor(paths: readonly string[]): readonly string[] {
  const named = paths.slice(0, NAMED).map(readablePath);
  return paths.length > NAMED ? [...named, `and ${paths.length - NAMED} more`] : named;
}
