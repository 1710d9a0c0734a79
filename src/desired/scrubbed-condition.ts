/** The condition `Scrubbed`: what is known of the copies' bytes (handoff rules 41 to 43). */
import { staleReason, uncomparedReason } from '../handoff/scrubbed.ts';
import type { VolumeView } from '../handoff/view.ts';
import { leaveWaits } from './members.ts';
import type { Condition } from './object.ts';
import type { Member } from './peers.ts';
import type { SyncthingReplica } from './replica.ts';

type Verdict = Pick<Condition, 'status' | 'reason' | 'message'>;

const SKIP = 'the annotation syncthing-csi.io/leave-without-scrub=true lets it go at once';

/** The worst first: what keeps a copy from leaving, what differs, what cannot be compared, what was not lately. */
export function scrubbedVerdict(view: VolumeView, members: readonly Member[]): Verdict {
  const copies = members.flatMap(({ role, replica }) => (role === 'data' && replica ? [replica] : []));
  return (
    waitingVerdict(view, members) ??
    differingVerdict(copies) ??
    failingVerdict(copies) ??
    unseenVerdict(view, copies) ??
    comparedVerdict(copies)
  );
}

function waitingVerdict(view: VolumeView, members: readonly Member[]): Verdict | undefined {
  const waits = leaveWaits(view, members);
  if (waits === undefined) return undefined;
  const reasons = waits.lacks.map(({ reason }) => reason).join('; ');
  const message = `the copy on ${waits.node} is to go, and ${reasons}; ${SKIP}`;
  return { status: 'False', reason: 'LeaveWaits', message };
}

function differingVerdict(copies: readonly SyncthingReplica[]): Verdict | undefined {
  const differing = copies.flatMap(({ spec, status }) => {
    const { differing: files = 0, names = [], failing } = status?.scrubbed ?? {};
    const why = failing === undefined ? '' : ` (${failing.message})`;
    return files === 0 ? [] : [`${spec.node}: ${files} file(s), ${names.join(', ')}${why}`];
  });
  if (differing.length === 0) return undefined;
  const message = `not what was proven, and left as it is: ${differing.join('; ')}`;
  return { status: 'False', reason: 'Differs', message };
}

function failingVerdict(copies: readonly SyncthingReplica[]): Verdict | undefined {
  const failing = copies.flatMap((copy) => {
    const reason = copy.status?.scrubbed?.failing?.message ?? uncomparedReason(copy);
    return reason === undefined ? [] : [`${copy.spec.node}: ${reason}`];
  });
  if (failing.length === 0) return undefined;
  return { status: 'False', reason: 'CannotScrub', message: failing.join('; ') };
}

function unseenVerdict(view: VolumeView, copies: readonly SyncthingReplica[]): Verdict | undefined {
  const stale = copies.flatMap((copy) => staleReason(view, copy) ?? []);
  if (stale.length > 0) {
    const message = `not compared with what was proven for two intervals: ${stale.join('; ')}`;
    return { status: 'Unknown', reason: 'Stale', message };
  }
  const unseen = copies.filter(({ status }) => status?.scrubbed?.finishedAt === undefined);
  if (unseen.length === 0) return undefined;
  const names = unseen.map(({ spec }) => spec.node).join(', ');
  return { status: 'Unknown', reason: 'NotYet', message: `not compared with what was proven yet: ${names}` };
}

function comparedVerdict(copies: readonly SyncthingReplica[]): Verdict {
  const skipped = copies.reduce((sum, { status }) => sum + (status?.scrubbed?.skipped ?? 0), 0);
  const save = skipped === 0 ? '' : `, save for ${skipped} file(s) that were being changed`;
  const message = `the bytes of every copy were compared with what was proven${save}`;
  return { status: 'True', reason: 'AsProven', message };
}
