/** Which copies of a volume are to exist, in which role, and which one may go next (handoff rules 1, 30 and 31). */
import { currentBase, mayLeave } from '../handoff/holders.ts';
import { requestsFor } from '../handoff/grant.ts';
import { isAlive, isStoreGone, type VolumeView } from '../handoff/view.ts';
import type { Member } from './peers.ts';

/** Every copy: the placed ones, and others while somebody needs them or they have not left. */
export function membersOf(view: VolumeView, placed: ReadonlySet<string>): readonly Member[] {
  const asking = requestsFor(view).map((request) => request.node.name);
  const nodes = new Set([...placed, ...view.replicas.keys(), ...asking]);
  return [...nodes].sort().map((node) => {
    const replica = view.replicas.get(node);
    const isPlaced = placed.has(node);
    const role = isPlaced || replica?.spec.role === 'data' ? 'data' : 'client';
    return { node, role, isPlaced, ...(replica === undefined ? {} : { replica }) };
  });
}

function isNeeded(view: VolumeView, node: string): boolean {
  const { grant, stale } = view.volume.status;
  if (grant?.node === node || stale.some((copy) => copy.node === node && !isStoreGone(view, copy))) return true;
  return requestsFor(view).some((request) => request.node.name === node);
}

/**
 * The copy to take away next, if any may go: one at a time, the node has to answer, and nobody else may be waiting
 * for the volume, since that one may be catching up from it.
 */
export function nextToLeave(view: VolumeView, members: readonly Member[]): Member | undefined {
  if (view.volume.status.leaving !== undefined) return undefined;
  if (view.volume.status.grant === undefined && requestsFor(view).length > 0) return undefined;
  const base = currentBase(view);
  const placed = members.filter((member) => member.isPlaced).map((member) => member.node);
  return members.find(
    (member) =>
      !member.isPlaced &&
      member.replica?.status !== undefined &&
      !isNeeded(view, member.node) &&
      isAlive(view, member.node) &&
      mayLeave(view, base, { node: member.node, placed }),
  );
}

/** Copies that nothing wants any more and that may not go yet, for the message that says why. */
export function waitingToLeave(view: VolumeView, members: readonly Member[]): readonly Member[] {
  return members.filter(
    (member) => !member.isPlaced && member.replica !== undefined && !isNeeded(view, member.node),
  );
}
