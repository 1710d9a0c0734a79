import { describe, expect, it } from 'vitest';
import { containerOf, cutRules, kindConfiguration, machineOf } from './kind-plan.ts';

describe('containerOf', () => {
  it.each([
    ['control-plane', 'stcsi-control-plane'],
    ['node1', 'stcsi-worker'],
    ['node3', 'stcsi-worker3'],
  ])('%s is %s, and back', (machine, container) => {
    expect(containerOf(machine)).toBe(container);
    expect(machineOf(container)).toBe(machine);
  });

  it('leaves names of kind’s own', () => {
    expect(containerOf('stcsi-worker2')).toBe('stcsi-worker2');
  });
});

describe('kindConfiguration', () => {
  it('has one control plane and as many workers as nodes', () => {
    expect(kindConfiguration(2)).toMatchObject({
      nodes: [{ role: 'control-plane' }, { role: 'worker' }, { role: 'worker' }],
    });
  });
});

describe('cutRules', () => {
  it('drops what the sender and its pods send, and nothing for a machine that is not there', () => {
    const addresses = new Map([['node1', ['172.18.0.3', '10.244.1.0/24']]]);
    expect(cutRules({ from: 'node1', to: 'node2' }, addresses).map((rule) => rule[2])).toEqual([
      '172.18.0.3',
      '10.244.1.0/24',
    ]);
    expect(cutRules({ from: 'node5', to: 'node2' }, addresses)).toEqual([]);
  });
});
