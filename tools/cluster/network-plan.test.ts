import { describe, expect, it } from 'vitest';
import { controlPlaneMachine, nodeMachine, nodeMachines } from './address-plan.ts';
import { type ObservedNetwork, planBridge, planMachineLink } from './network-plan.ts';

const nothing: ObservedNetwork = { namespaces: new Set(), links: new Map() };
const all = [controlPlaneMachine(), ...nodeMachines(2)];
const node1 = nodeMachine(1);

function observed(links: Readonly<Record<string, readonly string[]>>): ObservedNetwork {
  return {
    namespaces: new Set(Object.keys(links).filter((name) => name !== 'host')),
    links: new Map(Object.entries(links).map(([place, names]) => [place, new Set(names)])),
  };
}

function lines(commands: readonly (readonly string[])[]): readonly string[] {
  return commands.map((command) => command.join(' '));
}

const made = /netns add|link add|link delete/;

describe('planBridge', () => {
  it('makes namespace, bridge and link where nothing is', () => {
    expect(lines(planBridge(nothing)).filter((line) => made.test(line))).toEqual([
      'ip netns add stcsi-network',
      'ip -n stcsi-network link add bridge0 type bridge',
      'ip link add stcsi-host type veth peer name host netns stcsi-network',
    ]);
  });

  it('makes nothing again, but sets up what an interrupted run may have left half made', () => {
    const there = observed({ 'stcsi-network': ['bridge0', 'host'], host: ['stcsi-host'] });
    const planned = lines(planBridge(there));
    expect(planned.filter((line) => made.test(line))).toEqual([]);
    expect(planned).toContain('ip address replace 10.220.0.254/24 dev stcsi-host');
    expect(planned).toContain('ip link set stcsi-host up');
  });
});

describe('planMachineLink', () => {
  it('plugs a new machine in and shows it the way to the pods of all others', () => {
    const planned = lines(planMachineLink(node1, all, nothing));
    expect(planned).toContain(
      'ip -n stcsi-network link add node1 type veth peer name eth0 netns stcsi-node1',
    );
    expect(planned).toContain('ip -n stcsi-node1 route replace 10.220.18.0/24 via 10.220.0.12');
    expect(planned.some((line) => line.includes('route replace 10.220.17.0/24'))).toBe(false);
  });

  it('replaces a cable whose other end is in a namespace that has gone', () => {
    const half = observed({ 'stcsi-network': ['bridge0', 'node1'], 'stcsi-node1': ['lo'] });
    expect(lines(planMachineLink(node1, all, half)).filter((line) => made.test(line))).toEqual([
      'ip -n stcsi-network link delete node1',
      'ip -n stcsi-network link add node1 type veth peer name eth0 netns stcsi-node1',
    ]);
  });

  it('leaves a cable that is plugged in at both ends', () => {
    const whole = observed({ 'stcsi-network': ['node1'], 'stcsi-node1': ['lo', 'eth0'] });
    expect(lines(planMachineLink(node1, all, whole)).filter((line) => made.test(line))).toEqual([]);
  });

  it('gives no machine a default route: nothing of the cluster leaves this machine', () => {
    const every = all.flatMap((machine) => lines(planMachineLink(machine, all, nothing)));
    expect(every.filter((line) => line.includes('default') || line.includes('0.0.0.0/0'))).toEqual([]);
  });
});
