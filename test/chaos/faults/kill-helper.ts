import { findProcesses } from '../cluster/processes.ts';
import { endProcess } from '../../../tools/host/pid-identity.ts';
import { waitUntil } from '../../../tools/host/wait-until.ts';
import { type Fault, nothingToHeal } from './fault.ts';

/** A pass takes a second: it is waited for so long, on whichever node it comes. */
const PATIENCE_MS = 20_000;

/** SIGKILL to a helper in the middle of its pass. */
export function killHelper(name: 'introducer' | 'resharer' | 'deleter' | 'nodewatcher'): Fault {
  return {
    async apply({ stage }) {
      const options = {
        signal: stage.signal,
        timeoutMs: PATIENCE_MS,
        everyMs: 15,
        what: `a pass of ${name}`,
      };
      try {
        const found = await waitUntil(() => findProcesses({ words: [`${name}.js`] })[0], options);
        await endProcess(found, 0);
        return 'applied';
      } catch {
        stage.signal.throwIfAborted();
        return 'missed';
      }
    },
    heal: nothingToHeal,
  };
}
