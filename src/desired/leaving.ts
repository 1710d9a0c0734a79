/** A copy on its way out: whether what let it go still stands (handoff rule 31). */
import { isHolder, isIntact } from '../handoff/copy.ts';
import { hasAnything, isBlank } from '../handoff/holders.ts';
import { divergedReplica } from '../handoff/diverged.ts';
import { isWritingReport } from '../handoff/shared-flush.ts';
import { countsAsCopy, isAlive, isStale, type VolumeView } from '../handoff/view.ts';
import type { SyncthingReplica } from './replica.ts';
import { wantedElsewhere } from './members.ts';
import type { Member } from './peers.ts';

/** Of a volume that many wrote, and of which no holder is known: as after a restored API server (rule 37). */
function isUnnamed({ volume }: VolumeView, copy: SyncthingReplica): boolean {
  return volume.spec.access === 'eventual' && volume.status.base.kind === 'empty' && hasAnything(copy);
}

/** Data copies other than the one on `node` that have what it has, up to what nobody has acknowledged yet. */
function othersThere(view: VolumeView, node: string): number {
  const { base, proven } = view.volume.status;
  const isShared = view.volume.spec.access === 'eventual';
  const holders = [...base.holders, ...(proven?.holders ?? [])];
  return [...view.replicas.values()].filter(
    (copy) =>
      copy.spec.role === 'data' &&
      copy.spec.node !== node &&
      countsAsCopy(view, copy) &&
      (isUnnamed(view, copy) ||
        holders.some((holder) => isHolder(holder, copy) && (isShared || isIntact(holder, copy.status)))),
  ).length;
}

/** As many as had to stay when it was let go; a write elsewhere, which they still fetch, does not call it back. */
function enoughStay(view: VolumeView, members: readonly Member[], member: Member): boolean {
  const { base, grant } = view.volume.status;
  if (isBlank(view, base, member.node)) return true;
  // On its way out the folder goes before the bytes: it was blank, or proven, when that began.
  const isUntold =
    grant === undefined && base.kind === 'empty' && member.replica?.status?.folder === undefined;
  if (isUntold) return true;
  const wanted = wantedElsewhere(view, members, member);
  return wanted > 0 && othersThere(view, member.node) >= Math.min(2, wanted);
}

/**
 * An order to leave may be carried out long after it was given, where the node was off or the copy mounted meanwhile:
 * by then it may be the last.
 */
export function mayStillLeave(view: VolumeView, members: readonly Member[], node: string): boolean {
  const member = members.find((each) => each.node === node);
  if (member?.replica === undefined) return false;
  if (member.replica.status?.removed === true) return true;
  if (isWritingReport(member.replica.status)) return false;
  if (member.isPlaced || !isAlive(view, node) || divergedReplica(view) !== undefined) return false;
  // What it alone has goes to its archive first, which a copy that leaves has not (handoff rule 30).
  if (isStale(view, member.replica)) return false;
  return enoughStay(view, members, member);
}
