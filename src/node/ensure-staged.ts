/** From a wish to a mount: what NodeStageVolume and NodePublishVolume have in common (handoff rules 9 to 14, 36 and 37). */
import { CsiError } from '../csi/errors.ts';
import type { CallContext } from '../csi/rpc.ts';
import { isReader, type Capability } from '../csi/validate/capability.ts';
import type { SyncthingVolume } from '../desired/volume.ts';
import { isReadStaged, NOTHING_TO_READ } from '../handoff/reading.ts';
import { isStaged, type Mounted } from '../handoff/session.ts';
import { isShared, isWriteStaged } from '../handoff/writing.ts';
import { retryable } from './call-errors.ts';
import type { NodeContext } from './context.ts';
import { checkUsable, readVolume, waitReason, type WaitReason } from './live-volume.ts';
import type { Request } from './wanted.ts';
import { takeReading } from './take-reading.ts';
import { takeSession, type Session } from './take-session.ts';
import { openWriting } from './take-writing.ts';

export interface StagingTarget {
  readonly volumeId: string;
  readonly stagingPath: string;
  readonly capability: Capability;
}

/**
 * Resolves when the volume is mounted at the staging path under a grant that this node has, or under a right to read
 * where the access mode asks for no more. Waits for it while it is on its way and the call lasts; the request outlives
 * the call, and the next one finds what came of it.
 */
export async function ensureStaged(
  ctx: NodeContext,
  target: StagingTarget,
  call: CallContext,
): Promise<void> {
  const { volumeId, stagingPath } = target;
  ctx.volumes.record(volumeId).stagingPaths.add(stagingPath);
  if (await isInPlace(ctx, target, call.signal)) return;
  const volume = await readVolume(ctx, volumeId, call.signal);
  checkUsable(volume, target.capability);
  if (isReader(target.capability)) checkReadable(volume);
  const request = requestOf(volume, target);
  const endAsking = ctx.wanted.ask(request);
  try {
    ctx.wake.nodeReport();
    ctx.wake.volume(volumeId);
    await retryable(`volume ${volumeId} cannot be staged on ${ctx.node}`, () =>
      mountWhenGranted(ctx, target, call),
    );
    ctx.wanted.served(request);
  } finally {
    endAsking();
    ctx.wake.nodeReport();
  }
}

function requestOf({ name }: SyncthingVolume, { volumeId, capability }: StagingTarget): Request {
  return { volume: name, volumeId, ...(isReader(capability) && { reads: true }) };
}

/** Told at once, since no waiting helps; while the first writer is at work there is something to wait for (rule 36). */
function checkReadable({ volumeId, status }: SyncthingVolume): void {
  if (status.base.kind !== 'empty' || status.grant !== undefined || status.writers.length > 0) return;
  throw new CsiError('failed-precondition', `volume ${volumeId} cannot be read yet: ${NOTHING_TO_READ}`);
}

/** Mounted already, under the epoch of this node's session, or the right to read that it has. */
async function isInPlace(ctx: NodeContext, target: StagingTarget, signal: AbortSignal): Promise<boolean> {
  const { volumeId, stagingPath } = target;
  const look = async () => {
    const state = await ctx.states.read(volumeId);
    if (state === undefined) return false;
    const isMounted = (await ctx.mounter.mountAt(stagingPath)) !== undefined;
    const order = ctx.volumes.record(volumeId).order?.spec;
    const found = { state, order, knowsOrders: ctx.knowsOrders(), isMounted };
    if (!(isReader(target.capability) ? isReadStaged(found) : isWriterStaged(found))) return false;
    await bind(ctx, target, signal);
    noteStaged(ctx, volumeId);
    return true;
  };
  return retryable(`volume ${volumeId} cannot be staged at ${stagingPath} on ${ctx.node}`, () =>
    ctx.mutex.run(volumeId, look),
  );
}

/** The kind by state.json, which is there before any order is known. */
function isWriterStaged(found: Mounted): boolean {
  return found.state?.writing === undefined ? isStaged(found) : isWriteStaged(found);
}

async function mountWhenGranted(ctx: NodeContext, target: StagingTarget, call: CallContext): Promise<void> {
  const { clock, settings, volumes } = ctx;
  const begun = clock.now();
  const endsAt = Math.min(call.deadlineMs - settings.deadlineReserveMs, begun + settings.stageWaitMs);
  const patience = createPatience(ctx, target.volumeId);
  for (;;) {
    const session = await ctx.mutex.run(target.volumeId, () => mountNow(ctx, target, call.signal));
    if (session.kind === 'open') return;
    const { message, isBlocked } = await patience.reason(session, call.signal);
    const limit = isBlocked ? Math.min(endsAt, begun + settings.blockedWaitMs) : endsAt;
    const left = limit - clock.now();
    if (left <= 0) throw new CsiError('unavailable', `volume ${target.volumeId} waits: ${message}`);
    await volumes.nextChange(target.volumeId, Math.min(left, LOOK_AGAIN_MS), call.signal);
  }
}

/** How long a change that nobody announces may go unseen. */
const LOOK_AGAIN_MS = 1_000;
/** The controller's reason is read live, no more often than this. */
const ASK_WHY_MS = 2_000;

interface Patience {
  reason(session: Extract<Session, { kind: 'wait' }>, signal: AbortSignal): Promise<WaitReason>;
}

function createPatience(ctx: NodeContext, volumeId: string): Patience {
  let known: WaitReason = { message: 'the controller has not answered yet', isBlocked: false };
  let askedAt = Number.NEGATIVE_INFINITY;
  return {
    async reason(session, signal) {
      if (session.reason !== undefined) return { message: session.reason, isBlocked: false };
      const { state } = ctx.health;
      if (state.kind === 'away') return { message: state.message, isBlocked: false };
      const { problem } = ctx.volumes.record(volumeId);
      if (problem !== undefined) return { message: problem, isBlocked: false };
      if (ctx.clock.now() - askedAt >= ASK_WHY_MS) {
        askedAt = ctx.clock.now();
        known = waitReason(await readVolume(ctx, volumeId, signal));
      }
      return known;
    },
  };
}

/** The caller holds the volume's mutex, so that no flush begins between the session and its mount. */
async function mountNow(ctx: NodeContext, target: StagingTarget, signal: AbortSignal): Promise<Session> {
  const order = ctx.volumes.record(target.volumeId).order?.spec;
  const takeToWrite = isShared(order) ? openWriting : takeSession;
  const take = isReader(target.capability) ? takeReading : takeToWrite;
  const session = await take(ctx, target.volumeId, signal);
  if (session.kind === 'wait') return session;
  if ((await ctx.mounter.mountAt(target.stagingPath)) === undefined)
    await ctx.mountPoints.create(target.stagingPath);
  await bind(ctx, target, signal);
  noteStaged(ctx, target.volumeId);
  return session;
}

async function bind(
  ctx: NodeContext,
  { volumeId, stagingPath, capability }: StagingTarget,
  signal: AbortSignal,
): Promise<void> {
  const { data } = ctx.store.layout.volume(volumeId);
  await ctx.mounter.bind({ source: data, target: stagingPath, readOnly: isReader(capability) }, signal);
}

/** The pod is on its way: until it is here, or for a grace time, the volume does not count as detached. */
function noteStaged(ctx: NodeContext, volumeId: string): void {
  ctx.volumes.record(volumeId).stagedAt = ctx.clock.now();
  ctx.wake.volume(volumeId);
  ctx.wake.round('folders');
}
