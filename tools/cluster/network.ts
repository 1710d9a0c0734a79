import { existsSync, readFileSync, readdirSync, rmdirSync } from 'node:fs';
import { z } from 'zod';
import { runCommand } from '../host/run-command.ts';
import { HOST, type Machine } from './address-plan.ts';
import {
  HOST_LINK,
  NETWORK_NAMESPACE,
  type ObservedNetwork,
  PARTITION_RULES,
  machineNamespace,
  planBridge,
  planMachineLink,
} from './network-plan.ts';

const NETNS_DIRECTORY = '/run/netns';
const linkList = z.array(z.object({ ifname: z.string() }));

/** Where the kernel's name of a network namespace lies; nsenter takes it. */
export function namespaceFile(namespace: string): string {
  return `${NETNS_DIRECTORY}/${namespace}`;
}

function namespaceNames(): readonly string[] {
  return existsSync(NETNS_DIRECTORY)
    ? readdirSync(NETNS_DIRECTORY).filter((name) => name.startsWith('stcsi-'))
    : [];
}

async function linksIn(namespace: string | undefined, signal: AbortSignal): Promise<ReadonlySet<string>> {
  const where = namespace === undefined ? [] : ['-n', namespace];
  const json = await runCommand(['ip', ...where, '-json', 'link', 'show'], { signal });
  return new Set(linkList.parse(JSON.parse(json === '' ? '[]' : json)).map((link) => link.ifname));
}

/** Looks at the bridge, and at the one machine that is asked for: others may be going just now. */
async function observeNetwork(machine: string | undefined, signal: AbortSignal): Promise<ObservedNetwork> {
  const wanted = [NETWORK_NAMESPACE, ...(machine === undefined ? [] : [machineNamespace(machine)])];
  const namespaces = namespaceNames().filter((name) => wanted.includes(name));
  const links = new Map<string, ReadonlySet<string>>([[HOST, await linksIn(undefined, signal)]]);
  for (const namespace of namespaces) links.set(namespace, await linksIn(namespace, signal));
  return { namespaces: new Set(namespaces), links };
}

/** Brings the bridge, its rules and this machine's link to it about. */
export async function ensureBridge(signal: AbortSignal): Promise<void> {
  for (const command of planBridge(await observeNetwork(undefined, signal)))
    await runCommand(command, { signal });
  const nft = ['nsenter', `--net=${namespaceFile(NETWORK_NAMESPACE)}`, 'nft'] as const;
  const tables = await runCommand([...nft, 'list', 'tables'], { signal });
  if (!tables.includes('table bridge partition'))
    await runCommand([...nft, '-f', '-'], { signal, input: PARTITION_RULES });
}

/** Plugs a machine in, and tells it the way to the pods of all others. */
export async function ensureMachineLink(
  machine: Machine,
  all: readonly Machine[],
  signal: AbortSignal,
): Promise<void> {
  for (const command of planMachineLink(machine, all, await observeNetwork(machine.name, signal)))
    await runCommand(command, { signal });
}

/** Pulls a machine's cable: nothing it sends from now on arrives, not even that its connections end. */
export async function unplugMachine(name: string, signal: AbortSignal): Promise<void> {
  if (!namespaceNames().includes(NETWORK_NAMESPACE)) return;
  const links = await linksIn(NETWORK_NAMESPACE, signal);
  if (links.has(name))
    await runCommand(['ip', '-n', NETWORK_NAMESPACE, 'link', 'set', name, 'down'], { signal });
}

/** Removes a machine's network namespace. */
export async function removeMachineNamespace(name: string, signal: AbortSignal): Promise<void> {
  const namespace = machineNamespace(name);
  if (namespaceNames().includes(namespace))
    await runCommand(['ip', 'netns', 'delete', namespace], { signal });
}

/** Removes every namespace and link of the cluster. */
export async function removeNetwork(signal: AbortSignal): Promise<void> {
  if ((await linksIn(undefined, signal)).has(HOST_LINK))
    await runCommand(['ip', 'link', 'delete', HOST_LINK], { signal });
  for (const namespace of namespaceNames())
    await runCommand(['ip', 'netns', 'delete', namespace], { signal });
  if (!existsSync(NETNS_DIRECTORY) || readdirSync(NETNS_DIRECTORY).length > 0) return;
  // The folder that `ip netns add` mounts upon itself; others' namespaces would have kept it.
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8');
  if (mounts.includes(` ${NETNS_DIRECTORY} `)) await runCommand(['umount', NETNS_DIRECTORY], { signal });
  rmdirSync(NETNS_DIRECTORY);
}

/** Host pids of all processes in a machine's own network namespace. */
export async function pidsInNamespace(namespace: string, signal: AbortSignal): Promise<readonly number[]> {
  if (!namespaceNames().includes(namespace)) return [];
  const text = await runCommand(['ip', 'netns', 'pids', namespace], { signal });
  return text.split('\n').filter(Boolean).map(Number);
}
