import { CONTROL_PLANE } from '../../../tools/cluster/address-plan.ts';
import { heal, partition } from '../../../tools/cluster/partition.ts';
import type { Partition } from '../../../tools/cluster/partition-plan.ts';
import { NODES } from '../plan/fault-kind.ts';
import { randomOf } from '../random.ts';
import type { Fault, FaultContext } from './fault.ts';

function partitionFault(cuts: (context: FaultContext) => readonly Partition[]): Fault {
  return {
    async apply(context) {
      for (const cut of cuts(context)) await partition(cut, context.stage.signal);
      return 'applied';
    },
    async heal({ stage, planned }) {
      await heal(planned.node, undefined, stage.signal);
    },
  };
}

/** From the other nodes; the API server is still there. */
export const partitionNodes = partitionFault(({ planned: { node } }) =>
  NODES.filter((peer) => peer !== node).map((peer) => ({ machine: node, peer, way: 'both' })),
);

/** From the API server; the other nodes are still there. */
export const partitionApi = partitionFault(({ planned: { node } }) => [
  { machine: node, peer: CONTROL_PLANE, way: 'both' },
]);

/** What the node sends arrives and what it is sent does not, or the other way round; from one machine or from all. */
export const partitionOneWay = partitionFault(({ planned: { node, dice } }) => {
  const random = randomOf(dice);
  const peers = [undefined, CONTROL_PLANE, ...NODES.filter((peer) => peer !== node)];
  return [{ machine: node, peer: random.pick(peers), way: random.pick(['in', 'out'] as const) }];
});
