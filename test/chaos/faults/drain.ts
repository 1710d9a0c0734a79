import { kubectl } from '../../../tools/kube/kube.ts';
import { uncordon } from '../cluster/node-objects.ts';
import type { Fault } from './fault.ts';

const WORDS = ['--ignore-daemonsets', '--delete-emptydir-data', '--force', '--timeout=150s'];

/** The node is emptied for maintenance: pods of the round, and the controller if it is there. */
export const drain: Fault = {
  async apply({ stage, planned }) {
    await kubectl(stage.kube, ['drain', planned.node, ...WORDS], 180_000);
    return 'applied';
  },
  async heal({ stage, planned }) {
    await uncordon(stage, planned.node);
  },
};
