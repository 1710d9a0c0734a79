import { powerOff, powerOn } from '../cluster/power.ts';
import { NODES } from '../plan/fault-kind.ts';
import type { Fault } from './fault.ts';

/** One node without power for a while, and nobody says anything about it. */
export const powerCut: Fault = {
  async apply({ stage, planned }) {
    await powerOff(stage, planned.node);
    return 'applied';
  },
  async heal({ stage, planned }) {
    await powerOn(stage, planned.node);
  },
};

/** The fuse of the room. */
export const powerCutAll: Fault = {
  async apply({ stage }) {
    await Promise.all(NODES.map(async (node) => await powerOff(stage, node)));
    return 'applied';
  },
  async heal({ stage }) {
    await Promise.all(NODES.map(async (node) => await powerOn(stage, node)));
  },
};
