import { askForScrub } from '../../../tools/kube/volumes.ts';
import { aimedVolume, type Fault, nothingToHeal } from './fault.ts';
import { killNextPass } from './kill-helper.ts';

/** SIGKILL to the process that compares a copy. It comes once a day by itself, so that it is asked for first. */
export const killScrubber: Fault = {
  async apply(context) {
    const { stage } = context;
    const volume = aimedVolume(context);
    if (volume === undefined) return 'missed';
    try {
      await askForScrub(stage.kube, volume.name);
    } catch {
      // The API server may be away just now, by another fault.
      stage.signal.throwIfAborted();
      return 'missed';
    }
    return await killNextPass(stage, 'scrubber');
  },
  heal: nothingToHeal,
};
