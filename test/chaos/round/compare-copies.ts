/** The end of a round, when nothing is broken and nobody writes: every copy is the one that was read last. */
import { eventually } from '../cluster/eventually.ts';
import { readCopy } from '../cluster/copies.ts';
import { readSessions } from '../cluster/read-sessions.ts';
import { epochOf, type StatusSeen } from '../ledger/acknowledged.ts';
import type { Acknowledged } from '../ledger/history.ts';
import { verify } from '../ledger/verify.ts';
import { NODES } from '../plan/fault-kind.ts';
import { compare, inLineage, wholeEpoch } from './check-sessions.ts';
import { noteStuck, PATIENCE_MS } from './move.ts';
import { noteViolation, type RoundRun } from './round-run.ts';
import type { RoundVolume } from './round-volume.ts';

/** What the volume still waits for, or undefined when all its data nodes hold it and nobody writes it. */
function unrest(run: RoundRun, volume: RoundVolume): string | undefined {
  const status = run.watch.latest(volume.volumeId)?.status;
  if (status === undefined) return 'it was not seen';
  if (status.grant !== undefined) return `${status.grant.node} still has the grant`;
  // A disk that was destroyed stays on the list of stale ones, in case it comes back.
  const diverged = status.conditions.find((condition) => condition.type === 'Diverged');
  if (diverged?.reason === 'Rejoining') return diverged.message;
  const holders = status.base.holders.map((holder) => holder.node);
  const missing = run.plan.dataNodes.filter((node) => !holders.includes(node));
  if (missing.length > 0) return `${missing.join(', ')} does not hold it`;
  const replicated = status.conditions.find((condition) => condition.type === 'Replicated');
  return replicated?.status === 'True' ? undefined : `Replicated: ${replicated?.message}`;
}

async function waitForRest(run: RoundRun, volume: RoundVolume): Promise<void> {
  const ask = () => {
    const reason = unrest(run, volume);
    if (reason !== undefined) throw new Error(reason);
    return true as const;
  };
  const what = `all copies of ${volume.claim} to be whole`;
  await eventually(ask, { signal: run.stage.signal, timeoutMs: PATIENCE_MS, everyMs: 300, what });
}

/** Compares the copies of all data nodes with what the last, quiet reader saw. */
export async function compareDisks(run: RoundRun, volume: RoundVolume): Promise<void> {
  try {
    await waitForRest(run, volume);
  } catch (error) {
    await noteStuck(run, volume, 'rest at the end', error);
    return;
  }
  const seen = run.watch.seenOf(volume.volumeId);
  const sessions = inLineage(readSessions(run.stage, volume.pods), seen);
  const before = sessions.at(-1);
  if (before === undefined) return;
  for (const node of run.plan.dataNodes) {
    const found = readCopy(run.stage, node, volume.volumeId) ?? new Map();
    run.tally.verifiedCopies += 1;
    const acknowledged: Acknowledged = { kind: 'everything' };
    compare(run, volume, { before, acknowledged, found, sessions, where: `copy on ${node}` });
  }
}

/** What has to be somewhere of a volume that nobody may write any more. */
function owed(seen: readonly StatusSeen[], epoch: number | undefined): Acknowledged {
  if (seen.some(({ base }) => base.kind === 'handoff' && base.epoch === epoch)) return { kind: 'everything' };
  const moments = seen.flatMap(({ replicatedThrough }) =>
    replicatedThrough === undefined ? [] : [Date.parse(replicatedThrough)],
  );
  return { kind: 'through', at: Math.max(Number.NEGATIVE_INFINITY, ...moments) };
}

/** A volume that waits for a person: one copy at least has all that was acknowledged. */
export async function checkStopped(run: RoundRun, volume: RoundVolume): Promise<void> {
  const seen = run.watch.seenOf(volume.volumeId);
  const sessions = inLineage(readSessions(run.stage, volume.pods), seen);
  const before = wholeEpoch(sessions, sessions.length - 1, seen);
  const last = sessions.at(-1);
  if (before === undefined || last === undefined) return;
  const acknowledged = owed(seen, epochOf(last, seen));
  const hasAll = NODES.some((node) => {
    const found = readCopy(run.stage, node, volume.volumeId);
    if (found === undefined) return false;
    run.tally.verifiedCopies += 1;
    return verify({ before, acknowledged, found, sessions }).length === 0;
  });
  if (hasAll) return;
  const message = 'no copy has all that was acknowledged';
  noteViolation(run, {
    kind: 'stuck',
    round: run.plan.round,
    volume: volume.claim,
    where: 'stopped volume',
    message,
  });
  await Promise.resolve();
}
