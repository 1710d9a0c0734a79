/** Turning the right to read into a mount: state.json first, then the live volume, then the bind (handoff rule 36). */
import type { DiskState } from '../handoff/disk-state.ts';
import { holdsReading, offeredReading, takeReading as taken } from '../handoff/reading.ts';
import { offeredEpoch } from '../handoff/session.ts';
import { isWriting } from '../handoff/writing.ts';
import type { NodeContext } from './context.ts';
import { goingReason } from './keep-pods-out.ts';
import { placeOf, readVolume } from './live-volume.ts';
import { requireData, type Session } from './take-session.ts';
import { volumeMounts } from './volume-mounts.ts';

/**
 * The right to read that this node's order names, taken once and used by all its pods. The caller holds the volume's
 * mutex, so that it does not end in between. What Syncthing does not carry is not put back: nobody would take it away
 * again before the next writer comes, on whatever node that is (rules 39 and 40).
 */
export async function takeReading(ctx: NodeContext, folderId: string, signal: AbortSignal): Promise<Session> {
  const reason = goingReason(ctx, folderId);
  if (reason !== undefined) return { kind: 'wait', reason };
  const order = ctx.volumes.record(folderId).order?.spec;
  const state = await ctx.states.read(folderId);
  if (order === undefined || state === undefined) return { kind: 'wait' };
  if (offeredEpoch(order, state).kind === 'rejoin-first')
    return { kind: 'wait', reason: `${ctx.node} has a copy of a lost lineage and archives it first` };
  const offered = offeredReading(order, state);
  if (offered === undefined) return { kind: 'wait' };
  const { since } = offered;
  const took = taken(state, since);
  if (took.kind === 'refused')
    return { kind: 'wait', reason: `${ctx.node} cannot read the volume: ${took.reason}` };
  const leftover = took.state === state ? undefined : await begin(ctx, { state, next: took.state, signal });
  if (leftover !== undefined) return { kind: 'wait', reason: leftover };
  return confirm(ctx, took.state, { since, signal });
}

interface Beginning {
  readonly state: DiskState;
  readonly next: DiskState;
  readonly signal: AbortSignal;
}

/** Why not, or undefined once state.json has it. */
async function begin(ctx: NodeContext, { state, next, signal }: Beginning): Promise<string | undefined> {
  const { pods, staging } = await volumeMounts(ctx, state.folderId);
  // Beside writers nobody has to have gone first (rule 37).
  if (pods.length > 0 && !isWriting(state)) {
    return `StillMounted: ${pods.join(', ')} on ${ctx.node} is left over from before; end that pod`;
  }
  for (const target of staging) await ctx.mounter.unmount(target, signal);
  await requireData(ctx, state.folderId);
  await ctx.states.write(next);
  return undefined;
}

interface Taking {
  readonly since: string;
  readonly signal: AbortSignal;
}

/** The right as the API server has it, after state.json says that it was taken: nothing can come in between. */
async function confirm(ctx: NodeContext, state: DiskState, { since, signal }: Taking): Promise<Session> {
  const volume = await readVolume(ctx, state.folderId, signal);
  if (holdsReading(volume, placeOf(ctx), since)) return { kind: 'open', state };
  return { kind: 'wait', reason: `the right to read given at ${since} was taken back` };
}
