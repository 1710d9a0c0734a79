import { writeFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { podDirectory } from '../cluster/stage.ts';
import { eventually } from '../cluster/eventually.ts';
import { hasCarriedOut } from '../cluster/read-sessions.ts';
import { currentPod } from '../round/round-volume.ts';
import { ORDER_FILE, type WriterOrder } from '../writer/order.ts';
import { aimedVolume, type Fault, type FaultContext, nothingToHeal } from './fault.ts';

/** Longer than 100,000 files take. */
const PATIENCE_MS = 600_000;

type Wish = (context: FaultContext, id: string) => WriterOrder;

/** Has the writer do a large piece of work. Half of the time the round goes on in the middle of it. */
function burstFault(wish: Wish): Fault {
  return {
    async apply(context) {
      const { stage, planned } = context;
      const volume = aimedVolume(context);
      const pod = volume === undefined ? undefined : currentPod(volume);
      if (pod === undefined) return 'missed';
      const id = String(planned.dice);
      const file = join(podDirectory(stage, pod.name), ORDER_FILE);
      writeFileSync(`${file}.part`, JSON.stringify(wish(context, id)));
      renameSync(`${file}.part`, file);
      const options = { signal: stage.signal, timeoutMs: PATIENCE_MS, what: `${pod.name} to do its burst` };
      if (planned.dice % 2 === 0)
        await eventually(() => hasCarriedOut(stage, pod.name, id) || undefined, options);
      return 'applied';
    },
    heal: nothingToHeal,
  };
}

export const manySmallFiles = burstFault(({ profile }, id) => ({
  kind: 'many-small-files',
  id,
  files: profile.manyFiles,
}));

export const bigFileBlocks = burstFault(({ profile }, id) => ({
  kind: 'big-file-blocks',
  id,
  bytes: profile.bigBytes,
  blocks: profile.changedBlocks,
}));
