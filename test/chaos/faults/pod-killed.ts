import { killProcesses } from '../cluster/processes.ts';
import { WRITER_BUNDLE } from '../cluster/writer-pod.ts';
import { currentPod } from '../round/round-volume.ts';
import { aimedVolume, type Fault, nothingToHeal } from './fault.ts';

/** The workload dies in the middle of a write, and its container is started again on the same mount. */
export const podKilled: Fault = {
  async apply(context) {
    const volume = aimedVolume(context);
    const pod = volume === undefined ? undefined : currentPod(volume);
    if (pod === undefined) return 'missed';
    return (await killProcesses({ words: [WRITER_BUNDLE, pod.name] })) ? 'applied' : 'missed';
  },
  heal: nothingToHeal,
};
