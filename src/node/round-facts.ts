/** What the helpers said last, kept for the node's report. */
import type { DeleterReport, IntroducerReport, NodewatcherReport } from '../desired/node-view.ts';
import type { SyncthingNodeStatus } from '../desired/node.ts';

export interface RoundFacts {
  readonly introducer?: Pick<IntroducerReport, 'fenced'>;
  readonly deleter?: Pick<DeleterReport, 'tombstonesDone' | 'orphans'>;
  readonly nodewatcher?: Pick<NodewatcherReport, 'labelled' | 'unfit' | 'capacity'>;
}

type Facts = Pick<
  SyncthingNodeStatus,
  'fenced' | 'tombstonesDone' | 'orphans' | 'labelled' | 'unfit' | 'capacity'
>;

/**
 * A helper that has not run yet in this life of the process leaves its part as it was reported before: to say that a
 * node is no data node because nobody looked would move its copies away.
 */
export function factsOf(facts: RoundFacts, before: SyncthingNodeStatus | undefined): Facts {
  const { fenced } = facts.introducer ?? { fenced: before?.fenced ?? [] };
  const { tombstonesDone, orphans } = facts.deleter ?? {
    tombstonesDone: before?.tombstonesDone ?? [],
    orphans: before?.orphans ?? [],
  };
  return { fenced, tombstonesDone, orphans, ...watched(facts, before) };
}

function watched(
  { nodewatcher }: RoundFacts,
  before: SyncthingNodeStatus | undefined,
): Pick<Facts, 'labelled' | 'unfit' | 'capacity'> {
  const { labelled, unfit, capacity } = nodewatcher ?? before ?? UNSEEN;
  return { labelled, capacity, ...(unfit !== undefined && { unfit }) };
}

/** No copy is placed before somebody looked at the disk. */
const UNSEEN = {
  labelled: false,
  unfit: 'its disk has not been looked at yet',
  capacity: { totalBytes: 0, freeBytes: 0 },
};
