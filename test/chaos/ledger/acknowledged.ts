/** From what the volume's status said over time: how much of one session the next one must find. */
import type { Base, Grant } from '../../../src/desired/volume.ts';
import type { Acknowledged } from './history.ts';
import type { Session } from './session.ts';

/** The volume's status whenever it changed; `at` is when it was seen, milliseconds since the epoch. */
export interface StatusSeen {
  readonly at: number;
  readonly epoch: number;
  readonly grant?: Pick<Grant, 'epoch' | 'node' | 'since'>;
  readonly base: Pick<Base, 'kind' | 'epoch' | 'session'>;
  /** RFC 3339. */
  readonly replicatedThrough?: string;
}

export interface PowerCut {
  readonly node: string;
  readonly at: number;
}

/** Under which epoch the session wrote; undefined while its grant was not seen. */
export function epochOf(
  session: Pick<Session, 'node' | 'startedAt'>,
  seen: readonly StatusSeen[],
): number | undefined {
  const grants = seen.flatMap(({ grant }) =>
    grant?.node === session.node && Date.parse(grant.since) <= session.startedAt ? [grant.epoch] : [],
  );
  return grants.length === 0 ? undefined : Math.max(...grants);
}

function provenThrough(seen: readonly StatusSeen[], until: number): number {
  const moments = seen
    .filter(({ at }) => at <= until)
    .flatMap(({ replicatedThrough }) =>
      replicatedThrough === undefined ? [] : [Date.parse(replicatedThrough)],
    );
  return Math.max(Number.NEGATIVE_INFINITY, ...moments);
}

function firstCut(cuts: readonly PowerCut[], session: Session, until: number): PowerCut | undefined {
  return cuts
    .filter((cut) => cut.node === session.node && cut.at >= session.startedAt && cut.at < until)
    .toSorted((a, b) => a.at - b.at)[0];
}

export interface Passage {
  readonly before: Session;
  readonly after: Pick<Session, 'node' | 'startedAt'>;
  readonly seen: readonly StatusSeen[];
  readonly cuts: readonly PowerCut[];
}

export type PassageVerdict =
  | { readonly kind: 'known'; readonly acknowledged: Acknowledged }
  /** The grant of one of the two was not seen: nothing can be said. */
  | { readonly kind: 'unknown'; readonly reason: string };

/**
 * What `after` must find of `before`. A failover between their epochs counts whatever came after it, unless the grant
 * had ended with proof by then; where there was none, it ended so, or is the same.
 */
export function acknowledgedBetween(passage: Passage): PassageVerdict {
  const { before, after, seen } = passage;
  const from = epochOf(before, seen);
  const to = epochOf(after, seen);
  if (from === undefined || to === undefined)
    return {
      kind: 'unknown',
      reason: `no grant of ${from === undefined ? before.node : after.node} was seen`,
    };
  return { kind: 'known', acknowledged: acknowledgedOf(passage, from, to) };
}

function acknowledgedOf({ before, after, seen, cuts }: Passage, from: number, to: number): Acknowledged {
  const failover = seen.find(({ base }) => base.kind === 'failover' && base.epoch > from && base.epoch <= to);
  const ended = seen.find(({ base }) => base.kind === 'handoff' && base.epoch >= from);
  if (failover !== undefined && (ended === undefined || ended.at > failover.at))
    return { kind: 'through', at: provenThrough(seen, failover.at) };
  const until = from === to ? after.startedAt : (ended?.at ?? after.startedAt);
  const cut = firstCut(cuts, before, until);
  return cut === undefined ? { kind: 'everything' } : { kind: 'synced', before: cut.at };
}
