/** One look at one volume: observe, plan (src/handoff/local.ts), apply, report. The same after any crash. */
import type { SyncthingReplica } from '../desired/replica.ts';
import { announced, beginRejoin, decline, release, sawEpoch, type DiskState } from '../handoff/disk-state.ts';
import { endReading } from '../handoff/reading.ts';
import { planLocal, writerPhase, type LocalAction, type LocalView } from '../handoff/local.ts';
import { isComingToWrite } from '../handoff/taking.ts';
import { declineWriting } from '../handoff/writing.ts';
import { isStillSending } from '../handoff/folder-type.ts';
import type { WorkResult } from '../runtime/work-queue.ts';
import { bareStatus } from './bare-status.ts';
import { copyOf } from './begin-copy.ts';
import { seekConflictCopies } from './conflict-copies.ts';
import type { NodeContext } from './context.ts';
import { NodeError } from './errors.ts';
import type { FolderObserver, Observation } from './folder-observer.ts';
import type { Jobs } from './jobs.ts';
import { localView } from './local-view.ts';
import { nextLookMs } from './next-look.ts';
import { observedPeers } from './observed-peers.ts';
import type { ReplicaReporter } from './replica-reporter.ts';
import { phaseSince, replicaStatus } from './replica-status.ts';
import { switchFolder } from './switch-folder.ts';
import { isBackground, jobOf } from './volume-jobs.ts';
import type { VolumeRecord } from './volumes.ts';

export interface ReconcileParts {
  readonly observer: FolderObserver;
  readonly reporter: ReplicaReporter;
  readonly jobs: Jobs;
}

/** A volume may change its state so often in one look; more would be a loop. */
const MAX_STEPS = 4;

export function createReconciler(
  ctx: NodeContext,
  parts: ReconcileParts,
): (folderId: string, signal: AbortSignal) => Promise<WorkResult | undefined> {
  return async (folderId, signal) => {
    const replica = ctx.volumes.record(folderId).order;
    if (replica === undefined) return undefined;
    try {
      return await reconcile({ ctx, parts, replica, signal });
    } catch (error) {
      if (!(error instanceof NodeError)) throw error;
      return reportProblem({ ctx, parts, replica, signal }, error);
    }
  };
}

interface Look {
  readonly ctx: NodeContext;
  readonly parts: ReconcileParts;
  readonly replica: SyncthingReplica;
  readonly signal: AbortSignal;
}

async function reconcile(look: Look): Promise<WorkResult | undefined> {
  const { ctx, parts, replica, signal } = look;
  const { folderId } = replica.spec;
  const state = await ctx.mutex.run(folderId, () => copyOf(ctx, replica));
  if (state === undefined) return reportRemoval(look);
  let looked = await observeAndSettle(look);
  if (looked !== undefined && isStillSending(looked.view)) {
    await stopSending(look);
    looked = await observeAndSettle(look);
  }
  if (looked === undefined) return reportRemoval(look);
  const { seen, view, actions } = looked;
  seekConflictCopies(ctx, folderId, signal);
  for (const action of actions) startJob(look, view, action);
  if (!actions.some(isBackground)) forgetFailure(look);
  askForRound(ctx, view, replica);
  const waitMs = await report(look, view, seen);
  const next = nextLookMs(view, {
    isSeen: seen.kind === 'observed',
    startsIn: parts.jobs.startsIn(folderId),
  });
  return { requeueAfterMs: Math.min(waitMs ?? next, next) };
}

async function observeAndSettle(look: Look): Promise<(Settled & { readonly seen: Observation }) | undefined> {
  const { ctx, parts, replica, signal } = look;
  const { folderId } = replica.spec;
  const peers = observedPeers(replica, ctx.volumes.record(folderId).applied);
  const seen = await parts.observer.observe({ folderId, peers }, signal);
  noteSeen(ctx, folderId, seen);
  const settled = await settleState(look, seen);
  return settled && { ...settled, seen };
}

/** Somebody may wait to write next, and hears of the end of this session only after that. */
async function stopSending({ ctx, replica, signal }: Look): Promise<void> {
  const { folderId } = replica.spec;
  await ctx.mutex.run(folderId, async () => {
    const state = await ctx.states.read(folderId);
    if (state !== undefined) await switchFolder(ctx, state, signal);
  });
}

interface Settled {
  readonly view: LocalView;
  /** What is left to do in the background. */
  readonly actions: readonly LocalAction[];
}

/** Carries out what changes state.json, looking again after each change; undefined: the copy went meanwhile, by order. */
async function settleState(look: Look, seen: Observation): Promise<Settled | undefined> {
  for (let step = 1; ; step += 1) {
    const settled = await look.ctx.mutex.run(look.replica.spec.folderId, () => settleOnce(look, seen));
    if (settled?.kind !== 'moved' || step === MAX_STEPS) return settled;
  }
}

async function settleOnce(
  { ctx, signal, replica }: Look,
  seen: Observation,
): Promise<(Settled & { kind: 'settled' | 'moved' }) | undefined> {
  const { folderId, removal } = replica.spec;
  const state = await ctx.states.read(folderId);
  if (state === undefined && removal !== undefined) return undefined;
  if (state === undefined)
    throw new NodeError('inconsistent', `state.json of ${folderId} went away while it was looked at`);
  const view = await localView(ctx, state, seen.kind === 'observed' ? seen.report : undefined);
  if (await dropStaging(ctx, view, signal)) return { kind: 'moved', view, actions: [] };
  const actions = planLocal(view).filter((action) => isSound(action, seen));
  const next = actions.reduce((before, action) => nextState(ctx, before, action), state);
  if (next === state) return { kind: 'settled', view, actions };
  await ctx.states.write(next);
  ctx.log.info(
    { folderId, from: told(state), to: told(next), actions: actions.map(({ kind }) => kind) },
    'state.json changed',
  );
  ctx.volumes.changed(folderId);
  return { kind: 'moved', view: { ...view, state: next }, actions: [] };
}

function told({ phase, writing }: DiskState): object {
  return writing === undefined ? phase : { ...phase, writing };
}

/** "Syncthing does not have the folder" must not be concluded from no answer. */
function isSound(action: LocalAction, seen: Observation): boolean {
  return action.kind !== 'archive-tree' || seen.kind === 'observed';
}

/** A staging mount of a superseded session is in the way of the archive, and nobody may come for it any more. */
async function dropStaging(ctx: NodeContext, view: LocalView, signal: AbortSignal): Promise<boolean> {
  if (!isToBeCleared(view) || view.podMounts.length > 0 || view.stagingMounts.length === 0) return false;
  for (const target of view.stagingMounts) await ctx.mounter.unmount(target, signal);
  return true;
}

function isToBeCleared({ order, state }: LocalView): boolean {
  if (state.phase.kind === 'rejoining' || order?.removal !== undefined) return true;
  return order?.rejoin !== undefined && (state.rejoined?.epoch ?? 0) < order.rejoin.epoch;
}

function nextState(ctx: NodeContext, state: DiskState, action: LocalAction): DiskState {
  if (isBackground(action)) return state;
  switch (action.kind) {
    case 'see-epoch':
      return sawEpoch(state, action);
    case 'end-reading':
      return endReading(state, action.since);
    case 'decline-writing':
      return declineWriting(state, action.since);
    case 'release':
      return release(state, action.scan);
    case 'decline':
      return decline(state, action.epoch);
    case 'begin-rejoin':
      return beginRejoin(state, action.epoch, ctx.store.layout.archiveOf(state.folderId, action.epoch));
    case 'stop-announcing':
      return announced(state);
  }
}

/** What failed was to be done again by now, and there is nothing left to do. */
function forgetFailure({ ctx, parts, replica }: Look): void {
  const { folderId } = replica.spec;
  if (parts.jobs.startsIn(folderId) === 0) delete ctx.volumes.record(folderId).jobRetry;
}

function startJob({ ctx, parts }: Look, { state }: LocalView, action: LocalAction): void {
  const job = jobOf(ctx, state, action);
  if (job !== undefined) parts.jobs.start({ folderId: state.folderId, ...job });
}

/** Helpers carry out the order, and the folder's type follows state.json: a round for each change of either. */
function askForRound(ctx: NodeContext, view: LocalView, replica: SyncthingReplica): void {
  if (isForItsWriter(ctx, view, replica)) return;
  const record = ctx.volumes.record(view.state.folderId);
  const { phase, announcing, writing } = view.state;
  const key = JSON.stringify([
    replica.uid,
    replica.generation,
    phase.kind === 'writer' || phase.kind === 'taking' ? phase.epoch : phase,
    announcing,
    writing?.phase,
  ]);
  if (record.roundKey === key) return;
  record.roundKey = key;
  ctx.wake.round(replica.spec.removal === undefined ? 'folders' : 'change');
}

/** The call that takes the grant switches the folder itself; until then nothing of it is changed (handoff rule 11). */
function isForItsWriter(
  { node }: NodeContext,
  { state, isWanted }: LocalView,
  { spec }: SyncthingReplica,
): boolean {
  const isFenced = spec.base.kind === 'failover' || spec.importFrom !== undefined;
  return isWanted && !isFenced && isComingToWrite(node, state, spec);
}

async function report(
  { ctx, parts, replica, signal }: Look,
  view: LocalView,
  seen: Observation,
): Promise<number | undefined> {
  const record = ctx.volumes.record(view.state.folderId);
  record.phase = phaseSince(view, record, replica);
  record.problem = problemOf(ctx, record);
  // A daemon that restarts is not worth a report; one that stays away is.
  if (seen.kind === 'unseen' && !isLongAway(ctx)) return undefined;
  const status = replicaStatus({ view, record, replica, isUnseen: seen.kind === 'unseen' });
  return parts.reporter.report(replica, status, { isUrgent: isUrgent(view, record), signal });
}

/** A call, a flush or the controller waits for it. */
function isUrgent(view: LocalView, record: VolumeRecord): boolean {
  const { kind } = view.state.phase;
  if (view.isWanted || writerPhase(view) === 'flushing' || kind === 'released' || kind === 'untouched')
    return true;
  if (isRightUrgent(view)) return true;
  return view.scan !== undefined && record.written?.status.writer?.scan?.sequence !== view.scan.sequence;
}

/** Who has it beside others is waited for by its pods, and its end by whoever comes next. */
function isRightUrgent({ isWantedToRead, order }: LocalView): boolean {
  return isWantedToRead || order?.reader !== undefined || order?.writer !== undefined;
}

const LONG_AWAY_MS = 10_000;

function isLongAway({ health, clock }: NodeContext): boolean {
  return health.state.kind === 'away' && clock.now() - health.state.since > LONG_AWAY_MS;
}

function noteSeen(ctx: NodeContext, folderId: string, seen: Observation): void {
  if (seen.kind === 'observed') {
    ctx.volumes.record(folderId).index = seen.report?.index;
    return;
  }
  ctx.log.debug({ error: seen.error }, 'a folder cannot be looked at');
  void ctx.health.check(AbortSignal.timeout(10_000));
}

/** For the person who reads the replica: what keeps this copy from going on. */
function problemOf(
  { health }: NodeContext,
  { jobRetry, refused, unremoved }: VolumeRecord,
): string | undefined {
  return health.state.kind === 'away' ? health.state.message : (unremoved ?? jobRetry?.message ?? refused);
}

/** The bytes are where the order wants them, or never were here. */
async function reportRemoval({ ctx, parts, replica, signal }: Look): Promise<WorkResult | undefined> {
  const record = ctx.volumes.record(replica.spec.folderId);
  const status = bareStatus(ctx, replica, { removed: record.removed });
  const key = JSON.stringify([replica.uid, replica.generation, 'removal']);
  if (record.roundKey !== key) {
    record.roundKey = key;
    ctx.wake.round('change');
  }
  await parts.reporter.report(replica, status, { isUrgent: true, signal });
  return { requeueAfterMs: 30_000 };
}

async function reportProblem({ ctx, parts, replica, signal }: Look, error: NodeError): Promise<WorkResult> {
  const { folderId } = replica.spec;
  ctx.log.error({ error, folderId }, 'a volume cannot be worked on');
  ctx.volumes.record(folderId).problem = error.message;
  const status = bareStatus(ctx, replica, { removed: false, message: error.message });
  await parts.reporter.report(replica, status, { isUrgent: false, signal });
  return { requeueAfterMs: 15_000 };
}
