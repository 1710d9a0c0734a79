/** Which copies of a volume are to exist, in which role, and which one may go next (handoff rules 1, 30, 31 and 36). */
import { currentBase, mayLeave } from '../handoff/holders.ts';
import { requestsFor } from '../handoff/grant.ts';
import { isReader } from '../handoff/readers.ts';
import { isAlive, isStoreGone, type VolumeView } from '../handoff/view.ts';
import type { Member } from './peers.ts';

/** Every copy: the placed ones, and others while somebody needs them or they have not left. */
export function membersOf(view: VolumeView, placed: ReadonlySet<string>): readonly Member[] {
  const asking = requestsFor(view).map((request) => request.node.name);
  const reading = view.volume.status.readers.map((reader) => reader.node);
  const nodes = new Set([...placed, ...view.replicas.keys(), ...asking, ...reading]);
  return [...nodes].sort().map((node) => {
    const replica = view.replicas.get(node);
    const isPlaced = placed.has(node);
    const role = isPlaced || replica?.spec.role === 'data' ? 'data' : 'client';
    return { node, role, isPlaced, ...(replica === undefined ? {} : { replica }) };
  });
}

function isNeeded(view: VolumeView, node: string): boolean {
  const { grant, stale } = view.volume.status;
  if (grant?.node === node || stale.some((copy) => copy.node === node && !isStoreGone(view, copy)))
    return true;
  return isReader(view, node) || requestsFor(view).some((request) => request.node.name === node);
}

/**
 * A data copy is not let go for want of nodes to have it instead: a label that is taken from one node comes to the next
 * a moment later. A client's was never counted upon.
 */
function wantedElsewhere(view: VolumeView, members: readonly Member[], leaving: Member): number {
  const placed = members.filter((member) => member.isPlaced).length;
  if (placed === 0 || leaving.role === 'client') return placed;
  return Math.max(placed, view.volume.spec.replicas ?? 0);
}

/**
 * The copy to take away next, if any may go: one at a time, the node has to answer, and nobody else may be waiting
 * for the volume, since that one may be catching up from it.
 */
export function nextToLeave(view: VolumeView, members: readonly Member[]): Member | undefined {
  if (view.volume.status.leaving !== undefined) return undefined;
  if (view.volume.status.grant === undefined && requestsFor(view).length > 0) return undefined;
  const base = currentBase(view);
  return members.find(
    (member) =>
      !member.isPlaced &&
      member.replica?.status !== undefined &&
      !isNeeded(view, member.node) &&
      isAlive(view, member.node) &&
      mayLeave(view, base, { node: member.node, wanted: wantedElsewhere(view, members, member) }),
  );
}
