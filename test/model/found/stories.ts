/** Counterexamples that the model found, told again: each broke an invariant before the rule beside it was mended. */
import type { WorldOptions } from '../world.ts';

/** What happens, on which node (0 is n1), with which argument. */
export type Told = readonly [kind: string, node: number, argument: number];

export interface FoundStory {
  /** What was wrong. */
  readonly name: string;
  readonly options: Partial<WorldOptions> & Pick<WorldOptions, 'names' | 'labelled'>;
  readonly happenings: readonly Told[];
  readonly last?: string;
  readonly after?: readonly Told[];
}

const TWO = { names: ['n1', 'n2'], labelled: ['n1', 'n2'] } as const;
const TWO_WITH_CLIENT = { names: ['n1', 'n2'], labelled: ['n1'] } as const;

export const STORIES: readonly FoundStory[] = [
  {
    name: 'a copy that was buried while it was staged kept its bytes for ever (rules 18 and 33)',
    options: TWO_WITH_CLIENT,
    happenings: [
      ['pod comes', 1, 0],
      ['API cut off', 1, 0],
      ['silence', 0, 0],
    ],
    last: 'DeleteVolume',
    after: [['round', 0, 0]],
  },
  {
    name: 'the only holder lost its database, and nobody else ever got the volume (rules 8 and 16)',
    options: TWO,
    happenings: [
      ['pod comes', 0, 0],
      ['pod works', 0, 8],
      ['driver dies', 0, 0],
      ['taint of the writer', 0, 0],
    ],
    after: [
      ['pod comes', 0, 0],
      ['database lost', 1, 0],
    ],
  },
  {
    name: 'what a writer deletes before its database is lost may come back, and nothing else (rule 16)',
    options: TWO,
    happenings: [
      ['pod comes', 0, 0],
      ['pod works', 0, 68],
      ['driver dies', 0, 0],
      ['round', 0, 0],
      ['pod works', 0, 242],
      ['database lost', 0, 0],
    ],
  },
  {
    name: 'a copy that was leaving when it went stale could neither leave nor rejoin (rules 30 and 31)',
    options: { names: ['n1', 'n2', 'n3'], labelled: ['n1', 'n2', 'n3'] },
    happenings: [
      ['writer dies', 1, 0],
      ['pod moves', 0, 0],
      ['pod comes', 0, 0],
      ['power of the writer', 0, 0],
      ['pod moves', 0, 0],
      ['unlabel', 1, 0],
      ['Node deleted', 0, 0],
      ['writer is alone', 0, 0],
    ],
    after: [['pod moves', 0, 2]],
  },
];
