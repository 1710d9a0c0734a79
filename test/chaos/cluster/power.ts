/** Power of the nodes, and their disks. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { machinePaths } from '../../../tools/cluster/cluster-paths.ts';
import { cutPower, findRunningMachine } from '../../../tools/cluster/machine.ts';
import { runCommand } from '../../../tools/host/run-command.ts';
import { insideMachine } from '../../../tools/cluster/machine.ts';
import type { NodeName } from '../plan/fault-kind.ts';
import type { Stage } from './stage.ts';

/** What the disk of the node had not synced is lost. Writes it down before it does it. */
export async function powerOff(stage: Stage, node: NodeName): Promise<void> {
  stage.cuts.push({ node, at: Date.now() });
  await cutPower(stage.paths, node, stage.signal);
}

/** Ends when the node is Ready. One that runs already is left as it is. */
export async function powerOn(stage: Stage, node: NodeName): Promise<void> {
  const tool = join(stage.paths.checkout, 'tools/cluster/main.ts');
  const command = [process.execPath, tool, 'node-start', node] as const;
  await runCommand(command, { signal: stage.signal, timeoutMs: 240_000 });
}

/** The next power-on gives the node a new, empty disk. It has to be off. */
export function removeDisk(stage: Stage, node: NodeName): void {
  if (findRunningMachine(stage.paths, node) !== undefined)
    throw new Error(`${node} runs: its disk is not to be taken from it`);
  rmSync(machinePaths(stage.paths, node).disk, { force: true });
}

/** A path of a node's own, as the host reaches it; undefined while the node is off. */
export function nodePath(stage: Stage, node: string, path: string): string | undefined {
  const machine = findRunningMachine(stage.paths, node);
  return machine === undefined ? undefined : insideMachine(machine, path);
}
