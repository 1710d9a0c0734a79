/**
 * Every way from one phase of a copy to another, and every event that changes nothing in one. A phase or an event that
 * is added does not compile until each pair has its place here. disk-state.ts has the names by which callers know them.
 */
import { archivesFrom, archivesIn } from './archives.ts';
import type { DiskPhase, DiskScan } from './disk-state.ts';

type PhaseKind = DiskPhase['kind'];
type PhaseOf<P extends PhaseKind> = Extract<DiskPhase, { kind: P }>;

export type PhaseEvent =
  /** A mount is wanted under the grant of `epoch` (handoff rules 4, 10 to 12, 22). */
  | {
      readonly kind: 'take';
      readonly epoch: number;
      /** The folder has writer type. */
      readonly isSwitched: boolean;
      /** Nobody has written the volume yet. */
      readonly isFirst: boolean;
    }
  /** The controller confirmed that this scan is held by enough copies (rule 22). */
  | { readonly kind: 'release'; readonly scan: DiskScan }
  /** The grant of `epoch` is given back, never mounted (rule 5). */
  | { readonly kind: 'decline'; readonly epoch: number }
  /** A lineage is to be rejoined; `archive` is for what the copy has now (rule 30). */
  | { readonly kind: 'begin-rejoin'; readonly epoch: number; readonly archive: string }
  /** Work for the rejoin of `epoch` is done; another may have begun meanwhile, of which that says nothing. */
  | { readonly kind: 'archived'; readonly epoch: number }
  | { readonly kind: 'rejoined'; readonly epoch: number }
  /** The manifest has what is about to be taken from the tree (rule 39). */
  | { readonly kind: 'made-plain' }
  /** The tree has again what the manifest says, or a pod may change it (rule 40). */
  | { readonly kind: 'made-whole' };

type EventKind = PhaseEvent['kind'];
type EventOf<E extends EventKind> = Extract<PhaseEvent, { kind: E }>;

/** What becomes of the phase; the very same object where nothing does. */
export type Outcome =
  | { readonly kind: 'in'; readonly phase: DiskPhase }
  | { readonly kind: 'refused'; readonly reason: string };

type Transition<P extends PhaseKind, E extends EventKind> = (phase: PhaseOf<P>, event: EventOf<E>) => Outcome;
type Row<P extends PhaseKind> = { readonly [E in EventKind]: Transition<P, E> };

function to(phase: DiskPhase): Outcome {
  return { kind: 'in', phase };
}

function stays(phase: DiskPhase): Outcome {
  return to(phase);
}

function refused(reason: string): Outcome {
  return { kind: 'refused', reason };
}

/** The folder gets writer type first; of an empty volume there is no other version to lose against. */
function begins({ epoch, isFirst }: EventOf<'take'>): Outcome {
  return to(isFirst ? { kind: 'writer', epoch, session: 1 } : { kind: 'taking', epoch });
}

function afterItsEnd(phase: PhaseOf<'released' | 'untouched'>, event: EventOf<'take'>): Outcome {
  return event.epoch <= phase.epoch ? refused(`epoch ${event.epoch} has ended on this node`) : begins(event);
}

function givesBack(_phase: DiskPhase, { epoch }: EventOf<'decline'>): Outcome {
  return to({ kind: 'untouched', epoch });
}

function givesBackLater(phase: PhaseOf<'released' | 'untouched'>, event: EventOf<'decline'>): Outcome {
  return event.epoch <= phase.epoch ? stays(phase) : givesBack(phase, event);
}

function makesWay(_phase: DiskPhase, { epoch, archive }: EventOf<'begin-rejoin'>): Outcome {
  return to({ kind: 'rejoining', epoch, step: 'archiving', archive });
}

/** What a rejoin that is broken off has archived may be nowhere else by now. */
function makesWayAgain(phase: PhaseOf<'rejoining'>, { epoch, archive }: EventOf<'begin-rejoin'>): Outcome {
  if (phase.epoch >= epoch) return stays(phase);
  const before = archivesIn(phase);
  return to({ kind: 'rejoining', epoch, step: 'archiving', ...archivesFrom([...before, archive]) });
}

/** What an event that is another phase's does in this one. */
const NOT_HERE = {
  release: stays,
  archived: stays,
  rejoined: stays,
  'made-plain': stays,
  'made-whole': stays,
} as const;

const TRANSITIONS: { readonly [P in PhaseKind]: Row<P> } = {
  replica: { ...NOT_HERE, take: (_, event) => begins(event), decline: givesBack, 'begin-rejoin': makesWay },
  taking: {
    ...NOT_HERE,
    take: (phase, event) => {
      if (phase.epoch !== event.epoch) return begins(event);
      const { epoch, isSwitched, isFirst } = event;
      return isSwitched || isFirst ? to({ kind: 'writer', epoch, session: 1 }) : stays(phase);
    },
    decline: givesBack,
    'begin-rejoin': makesWay,
  },
  writer: {
    ...NOT_HERE,
    take: (phase, { epoch }) =>
      phase.epoch === epoch
        ? to({ ...phase, session: phase.session + 1 })
        : refused(`the session of epoch ${phase.epoch} has not ended on this node`),
    release: ({ epoch, session }, { scan }) => to({ kind: 'released', epoch, session, scan }),
    // It mounted it.
    decline: stays,
    'begin-rejoin': makesWay,
    'made-plain': (phase) => to({ ...phase, plain: true }),
    'made-whole': ({ kind, epoch, session }) => to({ kind, epoch, session }),
  },
  released: { ...NOT_HERE, take: afterItsEnd, decline: givesBackLater, 'begin-rejoin': makesWay },
  untouched: { ...NOT_HERE, take: afterItsEnd, decline: givesBackLater, 'begin-rejoin': makesWay },
  rejoining: {
    ...NOT_HERE,
    take: ({ epoch }) => refused(`this copy is being rejoined in epoch ${epoch}`),
    decline: stays,
    'begin-rejoin': makesWayAgain,
    archived: (phase, { epoch }) =>
      phase.epoch === epoch ? to({ ...phase, step: 'archived' }) : stays(phase),
    rejoined: (phase, { epoch }) =>
      phase.epoch === epoch && phase.step === 'archived' ? to({ kind: 'replica' }) : stays(phase),
  },
};

/** One step of the table. */
export function transition<P extends PhaseKind, E extends EventKind>(
  phase: PhaseOf<P>,
  event: EventOf<E>,
): Outcome {
  const row: Row<P> = TRANSITIONS[phase.kind as P];
  return row[event.kind as E](phase, event);
}
