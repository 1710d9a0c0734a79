import { killKubelet, startKubelet } from '../cluster/services.ts';
import { sayThatItIsGone, takeItBack } from './node-lost.ts';
import type { Fault } from './fault.ts';

/** The kubelet is dead and the node given up; its containers, and the driver, live on and write (handoff rule 29). */
export const kubeletDead: Fault = {
  async apply(context) {
    await killKubelet(context.stage, context.planned.node);
    await sayThatItIsGone(context, 'tainted');
    return 'applied';
  },
  async heal(context) {
    await startKubelet(context.stage, context.planned.node);
    await takeItBack(context);
  },
};
