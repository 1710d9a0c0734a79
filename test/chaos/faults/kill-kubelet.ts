import { killKubelet, startKubelet } from '../cluster/services.ts';
import { nothingToHeal, type Fault } from './fault.ts';

/** Killed, and started again by whoever looks after it on a real node. */
export const restartKubelet: Fault = {
  async apply({ stage, planned }) {
    await killKubelet(stage, planned.node);
    await startKubelet(stage, planned.node);
    return 'applied';
  },
  heal: nothingToHeal,
};
