import { killProcesses } from '../cluster/processes.ts';
import { type Fault, nothingToHeal } from './fault.ts';

/** SIGKILL to a container's process; the kubelet starts it again. */
function killFault(words: readonly string[], where: 'aimed' | 'anywhere'): Fault {
  return {
    async apply({ planned }) {
      const node = where === 'aimed' ? { node: planned.node } : {};
      return (await killProcesses({ ...node, words })) ? 'applied' : 'missed';
    },
    heal: nothingToHeal,
  };
}

export const killSyncthing = killFault(['syncthing', 'serve'], 'aimed');
export const killNode = killFault(['main.js', 'node'], 'aimed');
export const killController = killFault(['main.js', 'controller'], 'anywhere');
