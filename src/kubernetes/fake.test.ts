import { describeClientContract } from '../../test/integration/kubernetes/client-contract.ts';
import { systemClock } from '../runtime/clock.ts';
import { createFakeKubernetes } from './fake.ts';

describeClientContract('in memory', async () => ({
  client: createFakeKubernetes({ clock: systemClock }),
  async [Symbol.asyncDispose]() {},
}));
