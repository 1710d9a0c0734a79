/** Which deletions of a lost writer were never proven, as the source of the failover sees them (handoff rule 28). */
import type { Base, Holder } from '../desired/volume.ts';

/**
 * Up to where all was proven. Where nothing was in the lost epoch the source's own sequence tells, since nobody wrote between the
 * proof of the base and the grant. Within the epoch it does not: the source may have known of later changes when the
 * scan was proven. There the clock of the lost node does, in which both the scan and the deletion were noted.
 */
export type ProvenState =
  | { readonly kind: 'sequence'; readonly sequence: number }
  /** Milliseconds since the epoch. */
  | { readonly kind: 'moment'; readonly at: number };

export function provenState({ provenThrough }: Base, { sequence }: Holder): ProvenState {
  return provenThrough === undefined
    ? { kind: 'sequence', sequence }
    : { kind: 'moment', at: Date.parse(provenThrough) };
}

/** A deletion in the source's index. */
export interface Deletion {
  readonly sequence: number;
  /** Of the version vector, whoever counted it: Syncthing counts `max(previous + 1, seconds of the clock)`. */
  readonly counter: number;
}

/** Within the second of the scan it is not known: a file that is back is better than one that is missing. */
export function isUnproven(deletion: Deletion, proven: ProvenState): boolean {
  return proven.kind === 'sequence'
    ? deletion.sequence > proven.sequence
    : deletion.counter >= Math.floor(proven.at / 1000);
}
