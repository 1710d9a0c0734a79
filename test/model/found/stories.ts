/**
 * Counterexamples that the model found, told again: each broke an invariant before the rule beside it was mended. The
 * last ones broke none, and are what single steps rarely come to.
 */
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
    name: 'a database made anew came to the sequence of a proof, which held for files that nobody else had (rule 16)',
    options: TWO,
    happenings: [['counts anew', 0, 0]],
  },
  {
    name: 'a session that was never opened made a copy with nothing in it one that had had all (rule 37)',
    options: { names: ['n1', 'n2', 'n3'], labelled: ['n1', 'n2', 'n3'], replicas: 2, isShared: true },
    happenings: [
      ['unstaged and back', 0, 0],
      ['slow', 0, 0],
      ['unstaged and back', 1, 101],
      ['shared writer is lost', 1, 0],
      ['ends and goes', 1, 0],
      ['ends and goes', 2, 0],
    ],
    after: [['ends and goes', 0, 0]],
  },
  {
    name: 'an API restored into the epoch whose writer had left gave the volume on an empty disk (rule 4)',
    options: { names: ['n1', 'n2', 'n3', 'n4'], labelled: ['n1', 'n2'] },
    happenings: [
      ['node expelled', 0, 0],
      ['pod comes', 2, 0],
      ['backup made', 0, 0],
      ['pod moves', 1, 0],
      ['round', 0, 0],
      ['round', 0, 0],
      ['round', 0, 0],
      ['round', 0, 0],
      ['round', 0, 0],
    ],
    last: 'restore',
  },
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
  {
    name: 'a scan that proved in a database lost since was waited for in vain (rule 16)',
    options: { names: ['n1', 'n2'], labelled: ['n1'] },
    happenings: [
      ['pod moves', 0, 0],
      ['leave', 0, 0],
      ['daemon scans', 1, 0],
      ['database goes', 0, 47],
    ],
  },
  {
    name: 'what a lost writer renamed is among the versions that the source kept (rules 17 and 28)',
    options: { names: ['n1', 'n2'], labelled: ['n1', 'n2'] },
    happenings: [
      ['pod comes', 0, 0],
      ['pod moves', 0, 62],
      ['taint of the writer', 0, 0],
      ['pod works', 0, 0],
      ['pod comes', 0, 0],
    ],
  },
  {
    name: 'a node with a mount and no order never asked for the volume again (rules 4 and 12)',
    options: { names: ['n1', 'n2'], labelled: ['n1'] },
    happenings: [
      ['backup made', 0, 0],
      ['writer is cut off', 0, 0],
    ],
    last: 'restore',
  },
  {
    name: 'the only holder rebuilt its database beside a copy that had the same files (rule 8)',
    options: { names: ['n1', 'n2'], labelled: ['n1', 'n2'], isSyncthing1: true },
    happenings: [
      ['writer is cut off', 0, 0],
      ['leave', 0, 0],
      ['controller overtaken', 0, 0],
      ['round', 0, 109],
      ['controller overtaken', 0, 0],
      ['database lost', 1, 0],
      ['pod moves', 0, 154],
    ],
  },
  {
    name: 'a copy whose directories counted as changed was struck, and the other holder never came back (rule 24)',
    options: { names: ['n1', 'n2'], labelled: ['n1'], isSyncthing1: true },
    happenings: [
      ['writer is cut off', 0, 191],
      ['pod moves', 0, 0],
      ['daemon scans', 0, 0],
      ['disk replaced', 1, 0],
    ],
    after: [
      ['silence', 0, 0],
      ['pod comes', 0, 0],
    ],
  },
  {
    name: 'a node that comes back with an empty disk is no holder of what the old one held (words: store)',
    options: { names: ['n1', 'n2'], labelled: ['n1', 'n2'] },
    happenings: [
      ['pod comes', 0, 0],
      ['comes back empty', 0, 4],
    ],
  },
  {
    name: 'a copy that held the state before is no holder of the one after (rule 21)',
    options: { names: ['n1', 'n2'], labelled: ['n1', 'n2'] },
    happenings: [
      ['pod comes', 0, 0],
      ['pod moves', 0, 0],
      ['round', 0, 15],
      ['pod comes', 1, 0],
      ['writer is alone', 0, 3],
    ],
  },
  {
    name: 'one holder came back empty, the other lost its database, and both stayed holders (rule 24)',
    options: { names: ['n1', 'n2'], labelled: ['n1', 'n2'] },
    happenings: [
      ['pod moves', 1, 0],
      ['taint', 0, 0],
      ['comes back at once', 0, 0],
      ['pod moves', 0, 0],
      ['disk replaced', 1, 0],
      ['database goes', 1, 21],
    ],
  },
  {
    name: 'while containers of a superseded session live on, their node gets no new one (rule 29)',
    options: { names: ['n1', 'n2'], labelled: ['n1', 'n2'] },
    happenings: [
      ['pod comes', 0, 0],
      ['containers live on', 0, 1],
    ],
  },
  {
    name: 'a copy that came back was shared by another new one before it had the folder (rule 7)',
    options: { names: ['n1', 'n2', 'n3'], labelled: ['n1', 'n2', 'n3'], isSyncthing1: true },
    happenings: [
      ['unlabel', 1, 0],
      ['scan is overtaken', 0, 0],
      ['pod comes', 0, 0],
      ['disk replaced', 0, 0],
    ],
  },
  {
    name: "what a pod writes before its folder is switched is nobody's to revert (rules 8 and 12)",
    options: { names: ['n1', 'n2'], labelled: ['n1', 'n2'] },
    happenings: [
      ['pod comes', 0, 0],
      ['early writes', 0, 6],
    ],
  },
  {
    name: 'no epoch is given again after the API was restored from a backup (rule 4)',
    options: { names: ['n1', 'n2'], labelled: ['n1', 'n2'] },
    happenings: [
      ['pod comes', 0, 0],
      ['leave', 0, 0],
      ['round', 0, 4],
      ['backup made', 0, 0],
      ['pod moves', 0, 0],
      ['round', 0, 4],
      ['leave', 0, 0],
      ['round', 0, 4],
    ],
    last: 'restore',
  },
  {
    name: 'a deletion that the source knew of when an earlier scan was proven stayed (rule 28)',
    options: { names: ['n1', 'n2'], labelled: ['n1', 'n2'] },
    happenings: [
      ['writer is cut off', 0, 0],
      ['scan is overtaken', 0, 0],
      ['writer deletes and dies', 0, 0],
      ['containers live on', 0, 0],
    ],
  },
  {
    name: 'a replica wiped in the first session of a volume kept its writer from ending (rule 8)',
    options: { names: ['n1', 'n2'], labelled: ['n1'] },
    happenings: [
      ['pod moves', 0, 0],
      ['round', 0, 0],
      ['replica wiped', 0, 0],
    ],
  },
  {
    name: 'a rejoining copy gives files newer versions, and a writer that is not switched yet takes them in (rules 11 and 30)',
    options: {
      names: ['n1', 'n2', 'n3', 'n4'],
      labelled: ['n1', 'n2', 'n3'],
      replicas: 2,
      isSyncthing1: true,
    },
    happenings: [
      ['pod moves', 2, 131],
      ['early writes', 0, 155],
      ['containers live on', 3, 54],
      ['early writes', 2, 234],
    ],
  },
  {
    name: 'an entry of an index that never came kept a flush waiting for ever (rule 16)',
    options: TWO_WITH_CLIENT,
    happenings: [
      ['pod comes', 1, 0],
      ['round', 0, 0],
      ['index entry lost', 0, 0],
    ],
  },
  {
    name: 'an entry of an index that never came kept an attach waiting for ever (rule 16)',
    options: TWO,
    happenings: [['comes back empty', 0, 31]],
    after: [['index entry lost', 1, 0]],
  },
  {
    name: 'containers live on without a kubelet where the copy is to make way (rule 29)',
    options: TWO_WITH_CLIENT,
    happenings: [
      ['kubelet dies', 0, 0],
      ['pod comes', 1, 0],
      ['containers live on', 0, 26],
    ],
    after: [['disk replaced', 0, 0]],
  },
  {
    name: 'a client whose database was lost took in what an older copy had, in a version that won (rule 16)',
    options: { names: ['n1', 'n2', 'n3'], labelled: ['n1', 'n2'] },
    happenings: [
      ['writer is alone', 0, 118],
      ['pod comes', 2, 0],
      ['power', 0, 0],
      ['comes back empty', 0, 31],
      ['pod comes', 2, 0],
      ['kubelet dies', 1, 0],
      ['early writes', 0, 0],
      ['database goes', 2, 0],
    ],
  },
  {
    name: 'the only holder left for the sake of one that was to become a holder next (rule 31)',
    options: { names: ['n1', 'n2', 'n3'], labelled: ['n1'], isSyncthing1: true },
    happenings: [
      ['pod moves', 0, 0],
      ['pod moves', 0, 0],
      ['writer comes back', 2, 0],
      ['database goes', 0, 92],
      ['power of all', 0, 0],
    ],
  },
  {
    name: 'a holder whose files were removed by hand is asked for the volume before it has them back (rule 9)',
    options: TWO,
    happenings: [
      ['holder is wiped', 0, 0],
      ['holder is wiped', 0, 153],
    ],
  },
  {
    name: 'a session was over while its folder could announce, and its daemon came back without a database (rule 22)',
    options: { names: ['n1', 'n2', 'n3'], labelled: ['n1', 'n2', 'n3'], isSyncthing1: true },
    happenings: [
      ['pod comes', 0, 0],
      ['round', 0, 3],
      ['ends with its database', 0, 0],
    ],
  },
];
