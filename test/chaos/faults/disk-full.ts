import { runInside, runningMachine } from '../../../tools/cluster/machine.ts';
import type { Fault } from './fault.ts';

/** Takes all but a last bit of the node's disk; no bytes are written for it. */
export const FILLER = '/var/chaos-filler';
const FILL = `
  free=$(df --block-size=1 --output=avail /var | tail -n 1)
  [ "$free" -gt 2000000 ] || { echo full already; exit 0; }
  fallocate --length $((free - 1000000)) ${FILLER}`;

export const diskFull: Fault = {
  async apply({ stage, planned }) {
    const machine = runningMachine(stage.paths, planned.node);
    const said = await runInside(machine, ['sh', '-ec', FILL], stage.signal);
    return said.includes('full already') ? 'missed' : 'applied';
  },
  async heal({ stage, planned }) {
    const machine = runningMachine(stage.paths, planned.node);
    await runInside(machine, ['rm', '-f', FILLER], stage.signal);
  },
};
