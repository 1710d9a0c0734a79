/** Which ways from one phase to another src/handoff/transitions.ts has, found by trying every event in every phase. */
import type { DiskPhase, DiskScan } from '../../src/handoff/disk-state.ts';
import { transition, type PhaseEvent } from '../../src/handoff/transitions.ts';

const EPOCH = 5;
const SCAN: DiskScan = { sequence: 1, startedAt: '2026-01-01T00:00:00.000Z' };
const ARCHIVE = { archive: 'archive/5' };

/** The compiler says which phase is missing; each in all its shapes. */
const PHASES: { readonly [P in DiskPhase['kind']]: readonly Extract<DiskPhase, { kind: P }>[] } = {
  replica: [{ kind: 'replica' }],
  taking: [{ kind: 'taking', epoch: EPOCH }],
  writer: [{ kind: 'writer', epoch: EPOCH, session: 1 }],
  released: [{ kind: 'released', epoch: EPOCH, session: 1, scan: SCAN }],
  untouched: [{ kind: 'untouched', epoch: EPOCH }],
  rejoining: [
    { kind: 'rejoining', epoch: EPOCH, step: 'archiving', ...ARCHIVE },
    { kind: 'rejoining', epoch: EPOCH, step: 'archived', ...ARCHIVE },
  ],
};

/** What is before, in and after the epoch of the phase. */
const EPOCHS = [EPOCH - 1, EPOCH, EPOCH + 1];
const YES_OR_NO = [true, false];

/** What the tree is made for others is not in the model: it changes no phase. */
type Modelled = Exclude<PhaseEvent['kind'], 'made-plain' | 'made-whole'>;
const EVENTS: { readonly [E in Modelled]: readonly Extract<PhaseEvent, { kind: E }>[] } = {
  take: EPOCHS.flatMap((epoch) =>
    YES_OR_NO.flatMap((isSwitched) =>
      YES_OR_NO.map((isFirst) => ({ kind: 'take', epoch, isSwitched, isFirst }) as const),
    ),
  ),
  release: [{ kind: 'release', scan: SCAN }],
  decline: EPOCHS.map((epoch) => ({ kind: 'decline', epoch })),
  'begin-rejoin': EPOCHS.map((epoch) => ({ kind: 'begin-rejoin', epoch, archive: 'archive/6' })),
  archived: EPOCHS.map((epoch) => ({ kind: 'archived', epoch })),
  rejoined: EPOCHS.map((epoch) => ({ kind: 'rejoined', epoch })),
};

function pairsOf(phase: DiskPhase): readonly string[] {
  return Object.values(EVENTS)
    .flat()
    .flatMap((event: PhaseEvent) => {
      const outcome = transition(phase, event);
      const hasChanged = outcome.kind === 'in' && outcome.phase !== phase;
      return hasChanged ? [`${phase.kind} > ${outcome.phase.kind}`] : [];
    });
}

/** As `from > to`, each once. */
export const TRANSITION_PAIRS: readonly string[] = [
  ...new Set(Object.values(PHASES).flat().flatMap(pairsOf)),
].toSorted();
