import { findProcesses } from '../cluster/processes.ts';
import type { Stage } from '../cluster/stage.ts';
import { endProcess } from '../../../tools/host/pid-identity.ts';
import { waitUntil } from '../../../tools/host/wait-until.ts';
import { type Fault, nothingToHeal, type Outcome } from './fault.ts';

/** What `node` starts beside itself. */
type Helper = 'introducer' | 'resharer' | 'deleter' | 'nodewatcher' | 'scrubber';

/** A pass takes a second: it is waited for so long, on whichever node it comes. */
const PATIENCE_MS = 20_000;

/** SIGKILL to the next process of that helper that is seen on any node. */
export async function killNextPass({ signal }: Stage, name: Helper): Promise<Outcome> {
  const options = { signal, timeoutMs: PATIENCE_MS, everyMs: 15, what: `a pass of ${name}` };
  try {
    const found = await waitUntil(() => findProcesses({ words: [`${name}.js`] })[0], options);
    await endProcess(found, 0);
    return 'applied';
  } catch {
    signal.throwIfAborted();
    return 'missed';
  }
}

/** SIGKILL to a helper in the middle of its pass. */
export function killHelper(name: Exclude<Helper, 'scrubber'>): Fault {
  return { apply: async ({ stage }) => await killNextPass(stage, name), heal: nothingToHeal };
}
