import { type Fault, nothingToHeal } from './fault.ts';

/** Two volumes change places: that is in the plan of the leg, so there is nothing to do but to count it. */
export const swapNodes: Fault = {
  async apply({ volumes }) {
    await Promise.resolve();
    return volumes.length > 1 ? 'applied' : 'missed';
  },
  heal: nothingToHeal,
};
