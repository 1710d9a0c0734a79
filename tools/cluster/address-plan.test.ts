import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  HOST_ADDRESS,
  MAX_NODES,
  controlPlaneMachine,
  machineNamed,
  nodeMachines,
  parseNodeCount,
} from './address-plan.ts';

describe('nodeMachines', () => {
  it('gives every machine an address and a pod range that no other has', () => {
    const machines = [controlPlaneMachine(), ...nodeMachines(MAX_NODES)];
    const addresses = [HOST_ADDRESS, ...machines.map((machine) => machine.address)];
    const podRanges = nodeMachines(MAX_NODES).map((machine) => machine.podRange);
    expect(new Set(addresses).size).toBe(MAX_NODES + 2);
    expect(new Set(podRanges).size).toBe(MAX_NODES);
  });

  it('keeps the addresses of the nodes that are there when more join', () => {
    expect(nodeMachines(5).slice(0, 2)).toEqual(nodeMachines(2));
  });
});

describe('parseNodeCount', () => {
  it.each([1, 3, 5])('takes %i', (count) => {
    expect(parseNodeCount(String(count))).toBe(count);
  });

  it.each(['0', '6', '-1', '2.5', 'three', ''])('refuses "%s" and names the bounds', (text) => {
    expect(() => parseNodeCount(text)).toThrow(`NODES=${text} is not a whole number from 1 to 5`);
  });

  it('never lets anything through that is not a number of nodes', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          expect([1, 2, 3, 4, 5]).toContain(parseNodeCount(text));
        } catch (error) {
          expect(String(error)).toContain('NODES=');
        }
      }),
    );
  });
});

describe('machineNamed', () => {
  it('names the machines that there are when asked for another', () => {
    expect(() => machineNamed('node3', 2)).toThrow('control-plane, node1, node2');
  });
});
