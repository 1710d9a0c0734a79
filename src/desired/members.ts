/** Which copies of a volume are to exist, in which role, and which one may go next (handoff rules 1, 6, 30, 31, 36, 37). */
import { decideLeave, type LeaveDecision } from '../handoff/holders.ts';
import { requestsFor } from '../handoff/grant.ts';
import { publishedNodes } from '../handoff/published.ts';
import { isReader } from '../handoff/readers.ts';
import { isWriter } from '../handoff/writers.ts';
import type { ScrubLack } from '../handoff/scrubbed.ts';
import { isAlive, mayHaveDisk, type VolumeView } from '../handoff/view.ts';
import type { Member } from './peers.ts';

/** Every copy: the placed ones, and others while somebody needs them or they have not left. */
export function membersOf(view: VolumeView, placed: ReadonlySet<string>): readonly Member[] {
  const asking = requestsFor(view).map((request) => request.node.name);
  const { readers, writers } = view.volume.status;
  const using = [...readers, ...writers].map((right) => right.node);
  const attached = publishedNodes(view);
  const nodes = new Set([...placed, ...view.replicas.keys(), ...asking, ...using, ...attached]);
  return [...nodes].sort().map((node) => {
    const replica = view.replicas.get(node);
    const isPlaced = placed.has(node);
    const role = isPlaced || replica?.spec.role === 'data' ? 'data' : 'client';
    return { node, role, isPlaced, ...(replica === undefined ? {} : { replica }) };
  });
}

function isNeeded(view: VolumeView, node: string): boolean {
  const { grant, stale } = view.volume.status;
  if (grant?.node === node || stale.some((copy) => mayHaveDisk(view, node, copy))) return true;
  if (isReader(view, node) || isWriter(view, node) || publishedNodes(view).includes(node)) return true;
  return requestsFor(view).some((request) => request.node.name === node);
}

/**
 * A data copy is not let go for want of nodes to have it instead: a label that is taken from one node comes to the next
 * a moment later. A client's was never counted upon.
 */
export function wantedElsewhere(view: VolumeView, members: readonly Member[], leaving: Member): number {
  const placed = members.filter((member) => member.isPlaced).length;
  if (placed === 0 || leaving.role === 'client') return placed;
  return Math.max(placed, view.volume.spec.replicas ?? 0);
}

/** Copies that nobody wants any more, and what stands against letting each go; nothing while one is on its way out. */
function leaves(
  view: VolumeView,
  members: readonly Member[],
): readonly { readonly member: Member; readonly decision: LeaveDecision }[] {
  if (view.volume.status.leaving !== undefined) return [];
  if (view.volume.status.grant === undefined && requestsFor(view).length > 0) return [];
  // As it stands: a holder that would come only now is none yet, and the one that goes must not be the last.
  const { base } = view.volume.status;
  return members
    .filter(
      (member) =>
        !member.isPlaced &&
        member.replica?.status !== undefined &&
        !isNeeded(view, member.node) &&
        isAlive(view, member.node),
    )
    .map((member) => {
      const wanted = wantedElsewhere(view, members, member);
      return { member, decision: decideLeave(view, base, { node: member.node, wanted }) };
    });
}

/**
 * The copy to take away next, if any may go: one at a time, the node has to answer, and nobody else may be waiting
 * for the volume, since that one may be catching up from it.
 */
export function nextToLeave(view: VolumeView, members: readonly Member[]): Member | undefined {
  return leaves(view, members).find(({ decision }) => decision.kind === 'may-leave')?.member;
}

export interface LeaveWaits {
  /** The copy that would go. */
  readonly node: string;
  readonly lacks: readonly ScrubLack[];
}

/** A copy that only waits for the others to be scrubbed (handoff rule 43). */
export function leaveWaits(view: VolumeView, members: readonly Member[]): LeaveWaits | undefined {
  const found = leaves(view, members);
  if (found.some(({ decision }) => decision.kind === 'may-leave')) return undefined;
  const [waiting] = found.flatMap(({ member, decision }) =>
    decision.kind === 'scrub-first' ? [{ node: member.node, lacks: decision.lacks }] : [],
  );
  return waiting;
}
