/** Whether a copy is what the next writer may start from (handoff rules 8, 9 and 37). */
import type { SyncthingReplica } from '../desired/replica.ts';
import type { Base } from '../desired/volume.ts';
import { isClean, isHolder, isIntact, isTakingBack, uncleanReason } from './copy.ts';
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

/** Its index can be asked, and is all that there is on its disk. */
function answers(view: VolumeView, copy: SyncthingReplica): boolean {
  const folder = copy.status?.folder;
  if (folder === undefined || !countsAsCopy(view, copy)) return false;
  return folder.scanned && folder.errors === 0 && folder.state !== 'not-running';
}

/**
 * The data copies that may have what the next writer is to see. Before any of them is known to have had all, that is
 * each; afterwards one that came later and has not caught up has nothing that the others lack.
 */
function sharedSources(view: VolumeView, { spec }: SyncthingReplica): readonly SyncthingReplica[] {
  const { base } = view.volume.status;
  return [...view.replicas.values()].filter((copy) => {
    const isOther = copy.spec.node !== spec.node && copy.spec.role === 'data';
    const mayHave = base.kind === 'empty' || base.holders.some((holder) => isHolder(holder, copy));
    return isOther && mayHave && answers(view, copy);
  });
}

/**
 * Handoff rule 37: by every data copy that answers, and by one at least that had all once. Each session ended with
 * proof on one of them, not on all, so that one alone would not do.
 */
function sharedCoverageOf(view: VolumeView, replica: SyncthingReplica): Coverage {
  const { base } = view.volume.status;
  const { node } = replica.spec;
  const lacks = uncleanReason(replica.status?.folder);
  const sources = sharedSources(view, replica);
  const ahead = sources.filter((copy) => !isProven(copy, copy.status?.folder?.sequence ?? 0, replica));
  if (ahead.length > 0) {
    const names = ahead.map((copy) => copy.spec.node).join(', ');
    const reason = `${node} is catching up with ${names}: ${lacks ?? `${names} still has items that it lacks`}`;
    return { kind: 'uncovered', reason, blocked: false };
  }
  if (base.kind === 'empty') {
    if (lacks === undefined) return { kind: 'covered', by: node };
    return { kind: 'uncovered', reason: `${node} is not ready: ${lacks}`, blocked: false };
  }
  const by = coversItself(base, replica) ? node : intactOf(base, sources)?.spec.node;
  return by === undefined ? noHolderReason(view, base, replica) : { kind: 'covered', by };
}

function intactOf(base: Base, sources: readonly SyncthingReplica[]): SyncthingReplica | undefined {
  return sources.find((copy) =>
    base.holders.some((holder) => isHolder(holder, copy) && isIntact(holder, copy.status)),
  );
}

/** Covered, or why not. The caller has seen that the replica's report is of the disk that the node has now. */
export function coverageOf(view: VolumeView, replica: SyncthingReplica): Coverage {
  const base = view.volume.status.base;
  const node = replica.spec.node;
  if (view.volume.spec.access === 'eventual') return sharedCoverageOf(view, replica);
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
