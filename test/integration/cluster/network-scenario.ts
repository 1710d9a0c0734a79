import { controlPlaneMachine, nodeMachines } from '../../../tools/cluster/address-plan.ts';
import {
  ensureBridge,
  ensureMachineLink,
  namespaceFile,
  removeNetwork,
  unplugMachine,
} from '../../../tools/cluster/network.ts';
import { machineNamespace } from '../../../tools/cluster/network-plan.ts';
import { heal, healAll, partition, readCut } from '../../../tools/cluster/partition.ts';
import { HostError } from '../../../tools/host/errors.ts';
import { runCommand } from '../../../tools/host/run-command.ts';

// Run by network.test.ts in namespaces of its own; prints what it saw, one fact a line, as JSON.
const signal = AbortSignal.timeout(60_000);
const all = [controlPlaneMachine(), ...nodeMachines(3)];
const seen: [string, unknown][] = [];

/** True when `to` gets what `from` sends and the other way round. A partition must be silent, so this waits 1 s. */
async function reaches(from: string, to: string): Promise<boolean> {
  const address = all.find((machine) => machine.name === to)?.address ?? '10.220.0.254';
  const own = '/proc/self/ns/net';
  const namespace = from === 'host' ? own : namespaceFile(machineNamespace(from));
  const ping = ['busybox', 'ping', '-c', '1', '-W', '1', address];
  try {
    await runCommand(['nsenter', `--net=${namespace}`, ...ping], { signal });
    return true;
  } catch (error) {
    if (error instanceof HostError && error.kind === 'command-failed') return false;
    throw error;
  }
}

async function look(when: string, pairs: readonly (readonly [string, string])[]): Promise<void> {
  for (const [from, to] of pairs) seen.push([`${when}: ${from} reaches ${to}`, await reaches(from, to)]);
}

async function bringAbout(): Promise<void> {
  await ensureBridge(signal);
  for (const machine of all) await ensureMachineLink(machine, all, signal);
}

await bringAbout();
await look('fresh', [
  ['node1', 'node2'],
  ['node1', 'control-plane'],
  ['host', 'control-plane'],
]);

await partition({ machine: 'node1', peer: 'node2', way: 'both' }, signal);
await look('node1 and node2 parted', [
  ['node1', 'node2'],
  ['node1', 'node3'],
]);
await heal('node2', undefined, signal);
await look('healed from the other side', [['node1', 'node2']]);

await partition({ machine: 'control-plane', peer: undefined, way: 'in' }, signal);
await look('control plane hears nobody', [
  ['node3', 'control-plane'],
  ['host', 'control-plane'],
]);
await healAll(signal);
seen.push(['cuts after healing all', await readCut(signal)]);

await unplugMachine('node1', signal);
await look('node1 unplugged', [['node2', 'node1']]);
await runCommand(['ip', '-n', 'stcsi-network', 'link', 'delete', 'node3'], { signal });
await runCommand(['ip', 'link', 'set', 'stcsi-host', 'down'], { signal });
await bringAbout();
await look('brought about again', [
  ['node2', 'node1'],
  ['node3', 'node2'],
  ['host', 'control-plane'],
]);

await removeNetwork(signal);
await removeNetwork(signal);
seen.push(['links left', (await runCommand(['ip', '-brief', 'link'], { signal })).includes('stcsi')]);
seen.push(['namespaces left', await runCommand(['ip', 'netns'], { signal })]);
process.stdout.write(JSON.stringify(Object.fromEntries(seen)));
