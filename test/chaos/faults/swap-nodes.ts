import { type Fault, nothingToHeal } from './fault.ts';

/** Two volumes change places: that is in the plan of the leg, so there is nothing to do but to count it where they can. */
export const swapNodes: Fault = {
  async apply({ volumes }) {
    await Promise.resolve();
    const [one, other] = volumes.map(({ pods }) => pods.at(-1)?.node);
    return one !== undefined && other !== undefined && one !== other ? 'applied' : 'missed';
  },
  heal: nothingToHeal,
};
