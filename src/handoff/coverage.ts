/** Whether a copy is what the next writer may start from (handoff rules 8 and 9). */
import type { SyncthingReplica } from '../desired/replica.ts';
import type { Base, Holder } from '../desired/volume.ts';
import { isClean, isIntact, isTakingBack, uncleanReason } from './copy.ts';
import { isProven } from './proof.ts';
import { countsAsCopy, type VolumeView } from './view.ts';

export type Coverage = { readonly kind: 'covered'; readonly by: string } | Uncovered;
export interface Uncovered {
  readonly kind: 'uncovered';
  /** For people: what is missing, and where. */
  readonly reason: string;
  /** Nothing is on its way that would change it: a person has to bring a node back. */
  readonly blocked: boolean;
}

function isHolder(holder: Holder, replica: SyncthingReplica): boolean {
  return holder.node === replica.spec.node && holder.storeId === replica.status?.storeId;
}

/**
 * A holder is covered by itself while it is intact. Where the base names no other store its disk is the truth even
 * with changes made behind Syncthing's back: the switch to writer announces them (handoff rule 8).
 */
function coversItself(base: Base, replica: SyncthingReplica): boolean {
  const own = base.holders.find((holder) => isHolder(holder, replica));
  const folder = replica.status?.folder;
  if (own === undefined || folder === undefined) return false;
  if (base.holders.length === 1) {
    return folder.scanned && folder.state === 'idle' && folder.needItems === 0 && folder.errors === 0;
  }
  return isIntact(own, replica.status) && isClean(folder);
}

/** A live, intact holder against which the replica is proven in both halves, at the holder's present sequence. */
function coveringHolder(view: VolumeView, base: Base, replica: SyncthingReplica): string | undefined {
  return base.holders.find((holder) => {
    const copy = view.replicas.get(holder.node);
    if (copy === undefined || !countsAsCopy(view, copy) || !isIntact(holder, copy.status)) return false;
    const sequence = copy.status?.folder?.sequence;
    return sequence !== undefined && isProven(copy, sequence, replica);
  })?.node;
}

function noHolderReason(view: VolumeView, base: Base, replica: SyncthingReplica): Uncovered {
  const alive = base.holders.filter((holder) => {
    const copy = view.replicas.get(holder.node);
    return copy !== undefined && countsAsCopy(view, copy) && isIntact(holder, copy.status);
  });
  if (alive.length === 0) {
    const names = base.holders.map((holder) => holder.node).join(', ');
    const reason = `no node that holds the latest state answers with an intact copy: bring back one of ${names}`;
    return { kind: 'uncovered', reason, blocked: true };
  }
  const names = alive.map((holder) => holder.node).join(', ');
  const lacks = uncleanReason(replica.status?.folder) ?? `${names} still has items that it lacks`;
  return {
    kind: 'uncovered',
    reason: `${replica.spec.node} is catching up with ${names}: ${lacks}`,
    blocked: false,
  };
}

/** Covered, or why not. The caller has seen that the replica's report is of the disk that the node has now. */
export function coverageOf(view: VolumeView, replica: SyncthingReplica): Coverage {
  const base = view.volume.status.base;
  const node = replica.spec.node;
  if (base.kind === 'empty') {
    const reason = uncleanReason(replica.status?.folder);
    if (reason === undefined) return { kind: 'covered', by: node };
    return { kind: 'uncovered', reason: `${node} is not ready: ${reason}`, blocked: false };
  }
  if (isTakingBack(base)) {
    const names = base.holders.map((holder) => holder.node).join(', ');
    const reason = `${names} takes back the files that the lost writer deleted last`;
    return { kind: 'uncovered', reason, blocked: false };
  }
  if (coversItself(base, replica)) return { kind: 'covered', by: node };
  const by = coveringHolder(view, base, replica);
  return by === undefined ? noHolderReason(view, base, replica) : { kind: 'covered', by };
}
