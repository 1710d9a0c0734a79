import { heal, partition } from '../../../tools/cluster/partition.ts';
import { sayThatItIsGone, takeItBack } from './node-lost.ts';
import type { Fault } from './fault.ts';

/** Taken for dead and given up while it lives, cut off from everybody, and its pods write on (handoff rule 26). */
export const lostPartitioned: Fault = {
  async apply(context) {
    const { stage, planned } = context;
    await partition({ machine: planned.node, peer: undefined, way: 'both' }, stage.signal);
    await sayThatItIsGone(context, 'tainted');
    return 'applied';
  },
  async heal(context) {
    await heal(context.planned.node, undefined, context.stage.signal);
    await takeItBack(context);
  },
};
