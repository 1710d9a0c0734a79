/**
 * `volumes/<folderId>/state.json`: what this disk knows of its own copy, fsynced before anything that relies on it
 * (docs/handoff.md, "Words"). The states are here, the ways between their phases in transitions.ts; writing the file
 * is the node's.
 */
import { archivesFrom, archivesIn, type Archives } from './archives.ts';
import { transition, type PhaseEvent } from './transitions.ts';

/** A proving scan, kept so that a released writer can still say which scan was held. */
export interface DiskScan {
  readonly sequence: number;
  readonly startedAt: string;
}

export type DiskPhase =
  /** A copy that others write. */
  | { readonly kind: 'replica' }
  /** Took the grant; its folder is becoming a writer's, and nothing is mounted yet (handoff rule 11). */
  | { readonly kind: 'taking'; readonly epoch: number }
  /** May write in this epoch; `session` counts the mounts within it. */
  | {
      readonly kind: 'writer';
      readonly epoch: number;
      readonly session: number;
      /** The tree lacks what its manifest has until that is put back, before the next mount (handoff rules 39, 40). */
      readonly plain?: true;
    }
  /** Ended with the controller's word that the scan is held by enough copies. */
  | { readonly kind: 'released'; readonly epoch: number; readonly session: number; readonly scan: DiskScan }
  /** A grant that was never mounted, given back. */
  | { readonly kind: 'untouched'; readonly epoch: number }
  /** Making way for another lineage: first the old tree goes to the archive, then the folder comes back. */
  | (Archives & {
      readonly kind: 'rejoining';
      readonly epoch: number;
      readonly step: 'archiving' | 'archived';
    });

/** The last right to read of this copy, which its pods have mounted, or have not any more (handoff rule 36). */
export interface DiskReading {
  /** As the controller gave it: it names the right. */
  readonly since: string;
  readonly phase: 'reading' | 'ended';
}

/**
 * The last right of this copy to write beside others (handoff rule 37). Sessions are counted through all of them, so
 * that a scan is of one session for good. `scan` is of the last session that ended; without one there was none.
 */
export type DiskWriting =
  | { readonly since: string; readonly session: number; readonly phase: 'writing' }
  | {
      readonly since: string;
      readonly session: number;
      readonly phase: 'ended';
      readonly scan?: DiskScan;
    };

export interface DiskState {
  readonly volume: string;
  readonly folderId: string;
  readonly storeId: string;
  /** Never falls (handoff rule 4). */
  readonly highestEpoch: number;
  /** The epoch of the latest base that it saw; never falls either (rule 4). */
  readonly highestBase?: number;
  /** The last lineage that this copy rejoined, and where its own changes went. */
  readonly rejoined?: Archives & { readonly epoch: number };
  readonly phase: DiskPhase;
  /**
   * What is here is to be announced: directories of which no copy has a version that counts any more, or files that come
   * back after a failover.
   */
  readonly announcing?: true;
  readonly reading?: DiskReading;
  readonly writing?: DiskWriting;
}

export function newDiskState(identity: Pick<DiskState, 'volume' | 'folderId' | 'storeId'>): DiskState {
  return { ...identity, highestEpoch: 0, phase: { kind: 'replica' } };
}

export type TakeGrant =
  | { readonly kind: 'taken'; readonly state: DiskState }
  /** The folder gets writer type first; the grant is taken by asking again when it has it. */
  | { readonly kind: 'begun'; readonly state: DiskState }
  | { readonly kind: 'refused'; readonly reason: string };

export interface Taking {
  /** The folder has writer type. */
  readonly isSwitched: boolean;
  /** Nobody has written the volume yet: what is announced here, in whatever version, has no other to lose against. */
  readonly isFirst: boolean;
}

/**
 * A mount under the grant of `epoch`: session 1 of a new epoch, once the folder has writer type, and the next session of
 * the one it is in. A copy never takes a lower epoch than it saw, nor one that it ended (handoff rules 4, 10 to 12, 22).
 */
export function takeGrant(state: DiskState, epoch: number, { isSwitched, isFirst }: Taking): TakeGrant {
  const outcome = transition(state.phase, { kind: 'take', epoch, isSwitched, isFirst });
  if (outcome.kind === 'refused') return outcome;
  const { phase } = outcome;
  // A new epoch, and no session of one that is under way.
  const isNew = state.phase.kind !== 'writer';
  if (isNew && epoch < state.highestEpoch) {
    const reason = `this copy saw epoch ${state.highestEpoch}, above ${epoch}`;
    return { kind: 'refused', reason };
  }
  if (phase === state.phase) return { kind: 'begun', state };
  const next = isNew ? { ...announced(state), highestEpoch: epoch, phase } : { ...state, phase };
  return { kind: phase.kind === 'writer' ? 'taken' : 'begun', state: next };
}

function after(state: DiskState, event: PhaseEvent): DiskState {
  const outcome = transition(state.phase, event);
  const isSame = outcome.kind === 'refused' || outcome.phase === state.phase;
  return isSame ? state : { ...state, phase: outcome.phase };
}

/** The writer ends its session: only for the scan that the controller confirmed (handoff rules 22 and 37). */
export function release(state: DiskState, scan: DiskScan): DiskState {
  const { writing } = state;
  if (writing?.phase === 'writing') return { ...state, writing: { ...writing, phase: 'ended', scan } };
  return after(state, { kind: 'release', scan });
}

/** Gives back a grant that was never mounted; a writer of that epoch mounted it, so it cannot (handoff rule 5). */
export function decline(state: DiskState, epoch: number): DiskState {
  if (epoch < state.highestEpoch) return state;
  const next = after(state, { kind: 'decline', epoch });
  return next === state ? state : { ...next, highestEpoch: epoch };
}

/** What an order tells of the volume. */
export interface EpochSeen {
  readonly epoch: number;
  /** Of the base. */
  readonly base: number;
}

/** It knows of no later one. */
export function knowsEpoch(
  { highestEpoch, highestBase = 0 }: DiskState,
  { epoch, base }: EpochSeen,
): boolean {
  return epoch <= highestEpoch && base <= highestBase;
}

/** Remembers what others write in, and left; a copy that writes itself does not leave its phase by this. */
export function sawEpoch(state: DiskState, seen: EpochSeen): DiskState {
  if (knowsEpoch(state, seen)) return state;
  const { highestEpoch, highestBase = 0 } = state;
  const base = Math.max(highestBase, seen.base);
  const known = { ...state, highestEpoch: Math.max(highestEpoch, seen.epoch) };
  return base === 0 ? known : { ...known, highestBase: base };
}

/** All of a copy: those that were told and those of the rejoin that it is in, oldest first. */
export function archivesOf({ phase, rejoined: done }: DiskState): readonly string[] {
  const told = done === undefined ? [] : archivesIn(done);
  return phase.kind === 'rejoining' ? [...told, ...archivesIn(phase)] : told;
}

/**
 * Ordered to rejoin; a lineage that was rejoined already, or is being, is not begun again (handoff rule 30). What a
 * rejoin that is broken off has archived may be nowhere else by now.
 */
export function beginRejoin(state: DiskState, epoch: number, archive: string): DiskState {
  if ((state.rejoined?.epoch ?? 0) >= epoch) return state;
  const next = after(state, { kind: 'begin-rejoin', epoch, archive });
  if (next === state) return state;
  return { ...announced(next), highestEpoch: Math.max(state.highestEpoch, epoch) };
}

/** `epoch`: of the rejoin that the tree was archived for. */
export function archived(state: DiskState, epoch: number): DiskState {
  return after(state, { kind: 'archived', epoch });
}

export interface Rejoined {
  /** Of the rejoin that the work was begun for. */
  readonly epoch: number;
  /** Of archivesOf those that still have something. */
  readonly archives: readonly string[];
}

export function rejoined(state: DiskState, { epoch, archives }: Rejoined): DiskState {
  const next = after(state, { kind: 'rejoined', epoch });
  return next === state ? state : { ...next, rejoined: { epoch, ...archivesFrom(archives) } };
}

/** The source of a failover has what the lost writer deleted back: this copy is of that lineage (handoff rule 28). */
export function tookBack(state: DiskState, epoch: number): DiskState {
  if ((state.rejoined?.epoch ?? 0) >= epoch) return state;
  return { ...state, rejoined: { ...(state.rejoined ?? archivesFrom([])), epoch } };
}

/** From here on the manifest alone has what Syncthing does not carry: to be on the disk before any of it is taken. */
export function withPlainTree(state: DiskState): DiskState {
  return after(state, { kind: 'made-plain' });
}

/** To be on the disk before a pod may change the tree: an older manifest must never be put back over what it did. */
export function withWholeTree(state: DiskState): DiskState {
  return after(state, { kind: 'made-whole' });
}

export function announcing(state: DiskState): DiskState {
  return state.announcing === true ? state : { ...state, announcing: true };
}

export function announced(state: DiskState): DiskState {
  const { announcing: _, ...rest } = state;
  return state.announcing === undefined ? state : rest;
}
