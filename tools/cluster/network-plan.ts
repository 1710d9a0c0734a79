import {
  CONTROL_PLANE_ADDRESS,
  HOST,
  HOST_ADDRESS,
  MACHINE_PREFIX_LENGTH,
  type Machine,
  SERVICE_RANGE,
} from './address-plan.ts';
import type { Command } from '../host/run-command.ts';

/**
 * The network namespace that holds the bridge. It is none of the machine's own, so that the machine's firewall and
 * bridge settings change nothing in the cluster, and one file removed takes the whole network away.
 */
export const NETWORK_NAMESPACE = 'stcsi-network';
export const HOST_LINK = 'stcsi-host';
const BRIDGE = 'bridge0';

/** The network namespace of a machine, as `ip netns` shows it. */
export function machineNamespace(name: string): string {
  return `stcsi-${name}`;
}

/** What is there: namespaces by name, and the links seen in each (the machine's own links under HOST). */
export type ObservedNetwork = {
  readonly namespaces: ReadonlySet<string>;
  readonly links: ReadonlyMap<string, ReadonlySet<string>>;
};

function hasLink(observed: ObservedNetwork, place: string, link: string): boolean {
  return observed.links.get(place)?.has(link) ?? false;
}

function inside(namespace: string, ...words: readonly string[]): Command {
  return ['ip', '-n', namespace, ...words];
}

/** The rules by which one machine is cut off from another: names of bridge ports, so an address cannot slip through. */
export const PARTITION_RULES = `
table bridge partition {
  set cut {
    type ifname . ifname
  }
  chain forward {
    type filter hook forward priority 0; policy accept;
    iifname . oifname @cut drop
  }
}
`;

/**
 * Commands that bring the bridge and this machine's own link to it about. What can be said twice always is: a run that
 * was interrupted may have made a link and not set it up.
 */
export function planBridge(observed: ObservedNetwork): readonly Command[] {
  const commands: Command[] = [];
  if (!observed.namespaces.has(NETWORK_NAMESPACE)) commands.push(['ip', 'netns', 'add', NETWORK_NAMESPACE]);
  if (!hasLink(observed, NETWORK_NAMESPACE, BRIDGE))
    commands.push(inside(NETWORK_NAMESPACE, 'link', 'add', BRIDGE, 'type', 'bridge'));
  if (!hasLink(observed, HOST, HOST_LINK))
    commands.push([
      'ip',
      'link',
      'add',
      HOST_LINK,
      'type',
      'veth',
      'peer',
      'name',
      HOST,
      'netns',
      NETWORK_NAMESPACE,
    ]);
  return [
    ...commands,
    inside(NETWORK_NAMESPACE, 'link', 'set', BRIDGE, 'up'),
    inside(NETWORK_NAMESPACE, 'link', 'set', HOST, 'master', BRIDGE, 'up'),
    ['ip', 'address', 'replace', `${HOST_ADDRESS}/${MACHINE_PREFIX_LENGTH}`, 'dev', HOST_LINK],
    ['ip', 'link', 'set', HOST_LINK, 'up'],
  ];
}

function routesOf(machine: Machine, all: readonly Machine[]): readonly Command[] {
  const namespace = machineNamespace(machine.name);
  const routes = all.flatMap((other) =>
    other.podRange === undefined || other.name === machine.name
      ? []
      : [inside(namespace, 'route', 'replace', other.podRange, 'via', other.address)],
  );
  if (machine.role === 'control-plane') return routes;
  // A Service's address is replaced on the way out; without a route the packet would not even set off.
  return [...routes, inside(namespace, 'route', 'replace', SERVICE_RANGE, 'via', CONTROL_PLANE_ADDRESS)];
}

function plug(machine: Machine, namespace: string): Command {
  const end = ['peer', 'name', 'eth0', 'netns', namespace];
  return inside(NETWORK_NAMESPACE, 'link', 'add', machine.name, 'type', 'veth', ...end);
}

/** Commands that give a machine its namespace, its cable, its address and its routes to every pod of `all`. */
export function planMachineLink(
  machine: Machine,
  all: readonly Machine[],
  observed: ObservedNetwork,
): readonly Command[] {
  const namespace = machineNamespace(machine.name);
  const commands: Command[] = [];
  if (!observed.namespaces.has(namespace)) commands.push(['ip', 'netns', 'add', namespace]);
  const plugged = hasLink(observed, NETWORK_NAMESPACE, machine.name);
  const cabled = plugged && hasLink(observed, namespace, 'eth0');
  // The other end is in a namespace that has gone and takes it along in its own time.
  if (plugged && !cabled) commands.push(inside(NETWORK_NAMESPACE, 'link', 'delete', machine.name));
  if (!cabled) commands.push(plug(machine, namespace));
  const address = `${machine.address}/${MACHINE_PREFIX_LENGTH}`;
  return [
    ...commands,
    inside(NETWORK_NAMESPACE, 'link', 'set', machine.name, 'master', BRIDGE, 'up'),
    inside(namespace, 'link', 'set', 'lo', 'up'),
    inside(namespace, 'address', 'replace', address, 'dev', 'eth0'),
    inside(namespace, 'link', 'set', 'eth0', 'up'),
    ...routesOf(machine, all),
  ];
}
