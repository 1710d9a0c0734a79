import { backUpEtcd, restoreEtcd } from '../cluster/etcd-backup.ts';
import { type Fault, nothingToHeal } from './fault.ts';

/** The API forgets all that happened since the volumes of the round were first written (handoff rule 4). */
export const apiRestored: Fault = {
  async prepare({ stage }) {
    await backUpEtcd(stage);
  },
  async apply({ stage }) {
    await restoreEtcd(stage);
    return 'applied';
  },
  heal: nothingToHeal,
};
