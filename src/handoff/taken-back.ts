/** Which deletions of a lost writer were never proven, as the source of the failover sees them (handoff rule 28). */
import type { Base, Holder } from '../desired/volume.ts';

/**
 * Up to where all was proven. Where nothing was in the lost epoch the source's own sequence tells, since nobody wrote between the
 * proof of the base and the grant. Within the epoch it does not: the source may have known of later changes when the
 * scan was proven. There the clock of the lost node does, in which both the scan and the deletion were noted.
 */
export type ProvenState =
  | { readonly kind: 'sequence'; readonly sequence: number }
  /**
   * Milliseconds since the epoch, and the source's sequence when the scan was proven; up to `before` it had it when the
   * lost epoch began.
   */
  | { readonly kind: 'moment'; readonly at: number; readonly sequence: number; readonly before: number };

export function provenState({ provenThrough, heldBefore = 0 }: Base, { sequence }: Holder): ProvenState {
  return provenThrough === undefined
    ? { kind: 'sequence', sequence }
    : { kind: 'moment', at: Date.parse(provenThrough), sequence, before: heldBefore };
}

/** A deletion in the source's index. */
export interface Deletion {
  readonly sequence: number;
  /** When its node found it, by the clock of that node; seconds since the epoch. */
  readonly second: number;
}

/**
 * The proven scan itself found deletions until its end, and they count: what was deleted for good does not come back.
 * Within the second of its end the clock does not tell, and only what the source heard of after the proof is taken for
 * later. What was deleted before the lost writer began was proven with the base, and noted by another node's clock.
 */
export function isUnproven({ sequence, second }: Deletion, proven: ProvenState): boolean {
  if (proven.kind === 'sequence') return sequence > proven.sequence;
  if (sequence <= proven.before) return false;
  const end = Math.floor(proven.at / 1000);
  return second > end || (second === end && sequence > proven.sequence);
}
