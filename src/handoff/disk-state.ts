/**
 * `volumes/<folderId>/state.json`: what this disk knows of its own copy, fsynced before anything that relies on it
 * (docs/handoff.md, "Words"). The states and every way between them are here; writing the file is the node's.
 */

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

/** Absolute paths of what has, or may have, something that only a lost lineage had (handoff rule 30). */
export interface Archives {
  /** Of the last rejoin, the empty string where there is none. */
  readonly archive: string;
  /** Those of before, oldest first: of a rejoin that a later lineage broke off, and of one that left something. */
  readonly earlier?: readonly string[];
}

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
  readonly version: 1;
  readonly volume: string;
  readonly folderId: string;
  readonly storeId: string;
  /** Never falls (handoff rule 4). */
  readonly highestEpoch: number;
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
  return { version: 1, ...identity, highestEpoch: 0, phase: { kind: 'replica' } };
}

/** The epoch that this copy has written in and not been superseded in, 0 where it has none. */
function endedEpoch(phase: DiskPhase): number {
  return phase.kind === 'released' || phase.kind === 'untouched' ? phase.epoch : 0;
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
  const { phase } = state;
  if (phase.kind === 'writer' && phase.epoch === epoch) {
    return { kind: 'taken', state: { ...state, phase: { ...phase, session: phase.session + 1 } } };
  }
  const reason = refusal(state, epoch);
  if (reason !== undefined) return { kind: 'refused', reason };
  const isBegun = phase.kind === 'taking' && phase.epoch === epoch;
  if (isFirst || (isBegun && isSwitched)) {
    const session = { kind: 'writer', epoch, session: 1 } as const;
    return { kind: 'taken', state: { ...announced(state), highestEpoch: epoch, phase: session } };
  }
  if (isBegun) return { kind: 'begun', state };
  const begun = { kind: 'taking', epoch } as const;
  return { kind: 'begun', state: { ...announced(state), highestEpoch: epoch, phase: begun } };
}

/** Why this copy cannot write in that epoch, for people. */
function refusal({ phase, highestEpoch }: DiskState, epoch: number): string | undefined {
  if (phase.kind === 'rejoining') return `this copy is being rejoined in epoch ${phase.epoch}`;
  if (epoch <= endedEpoch(phase)) return `epoch ${epoch} has ended on this node`;
  if (phase.kind === 'writer') return `the session of epoch ${phase.epoch} has not ended on this node`;
  if (epoch < highestEpoch) return `this copy saw epoch ${highestEpoch}, above ${epoch}`;
  return undefined;
}

/** The writer ends its session: only for the scan that the controller confirmed (handoff rules 22 and 37). */
export function release(state: DiskState, scan: DiskScan): DiskState {
  const { phase, writing } = state;
  if (writing?.phase === 'writing') return { ...state, writing: { ...writing, phase: 'ended', scan } };
  if (phase.kind !== 'writer') return state;
  return { ...state, phase: { kind: 'released', epoch: phase.epoch, session: phase.session, scan } };
}

/** Gives back a grant that was never mounted; a writer of that epoch mounted it, so it cannot (handoff rule 5). */
export function decline(state: DiskState, epoch: number): DiskState {
  if (state.phase.kind === 'writer' || state.phase.kind === 'rejoining') return state;
  if (epoch <= endedEpoch(state.phase) || epoch < state.highestEpoch) return state;
  return { ...state, highestEpoch: epoch, phase: { kind: 'untouched', epoch } };
}

/** Remembers an epoch that others write in; a copy that writes itself does not leave its phase by this. */
export function sawEpoch(state: DiskState, epoch: number): DiskState {
  return epoch > state.highestEpoch ? { ...state, highestEpoch: epoch } : state;
}

/** Oldest first. */
export function archivesIn({ archive, earlier = [] }: Archives): readonly string[] {
  return [...earlier, archive].filter((each) => each !== '');
}

/** All of a copy: those that were told and those of the rejoin that it is in, oldest first. */
export function archivesOf({ phase, rejoined: done }: DiskState): readonly string[] {
  const told = done === undefined ? [] : archivesIn(done);
  return phase.kind === 'rejoining' ? [...told, ...archivesIn(phase)] : told;
}

/** Of paths, oldest first. */
export function archivesFrom(paths: readonly string[]): Archives {
  const earlier = paths.slice(0, -1);
  return { archive: paths.at(-1) ?? '', ...(earlier.length > 0 && { earlier }) };
}

/**
 * Ordered to rejoin; a lineage that was rejoined already, or is being, is not begun again (handoff rule 30). What a
 * rejoin that is broken off has archived may be nowhere else by now.
 */
export function beginRejoin(state: DiskState, epoch: number, archive: string): DiskState {
  if ((state.rejoined?.epoch ?? 0) >= epoch) return state;
  const { phase } = state;
  if (phase.kind === 'rejoining' && phase.epoch >= epoch) return state;
  const before = phase.kind === 'rejoining' ? archivesIn(phase) : [];
  return {
    ...announced(state),
    highestEpoch: Math.max(state.highestEpoch, epoch),
    phase: { kind: 'rejoining', epoch, step: 'archiving', ...archivesFrom([...before, archive]) },
  };
}

export function archived(state: DiskState): DiskState {
  if (state.phase.kind !== 'rejoining') return state;
  return { ...state, phase: { ...state.phase, step: 'archived' } };
}

/** `archives`: of archivesOf those that still have something. */
export function rejoined(state: DiskState, archives: readonly string[]): DiskState {
  if (state.phase.kind !== 'rejoining') return state;
  const { epoch } = state.phase;
  return { ...state, rejoined: { epoch, ...archivesFrom(archives) }, phase: { kind: 'replica' } };
}

/** The source of a failover has what the lost writer deleted back: this copy is of that lineage (handoff rule 28). */
export function tookBack(state: DiskState, epoch: number): DiskState {
  if ((state.rejoined?.epoch ?? 0) >= epoch) return state;
  return { ...state, rejoined: { ...(state.rejoined ?? archivesFrom([])), epoch } };
}

/** From here on the manifest alone has what Syncthing does not carry: to be on the disk before any of it is taken. */
export function withPlainTree(state: DiskState): DiskState {
  return state.phase.kind === 'writer' ? { ...state, phase: { ...state.phase, plain: true } } : state;
}

/** To be on the disk before a pod may change the tree: an older manifest must never be put back over what it did. */
export function withWholeTree(state: DiskState): DiskState {
  if (state.phase.kind !== 'writer') return state;
  const { plain: _, ...phase } = state.phase;
  return { ...state, phase };
}

export function announcing(state: DiskState): DiskState {
  return state.announcing === true ? state : { ...state, announcing: true };
}

export function announced(state: DiskState): DiskState {
  const { announcing: _, ...rest } = state;
  return state.announcing === undefined ? state : rest;
}
