import { killControl, startControl } from '../cluster/services.ts';
import type { Fault } from './fault.ts';

export const apiServerGone: Fault = {
  async apply({ stage }) {
    await killControl(stage, 'kube-apiserver');
    return 'applied';
  },
  async heal({ stage }) {
    await startControl(stage);
  },
};
