import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCutPairs } from './partition.ts';
import { cutPairs, healedPairs, parsePartition } from './partition-plan.ts';

const machine = fc.constantFrom('control-plane', 'node1', 'node2', 'node3');
const way = fc.constantFrom('in' as const, 'out' as const, 'both' as const);

describe('cutPairs', () => {
  it.each([
    ['in', [{ from: 'node2', to: 'node1' }]],
    ['out', [{ from: 'node1', to: 'node2' }]],
    [
      'both',
      [
        { from: 'node1', to: 'node2' },
        { from: 'node2', to: 'node1' },
      ],
    ],
  ] as const)('cuts %s as seen from the machine', (direction, pairs) => {
    expect(cutPairs({ machine: 'node1', peer: 'node2', way: direction })).toEqual(pairs);
  });

  it('cuts a machine off from all others, also from nodes that are yet to join, but not from the host', () => {
    const peers = cutPairs({ machine: 'node1', peer: undefined, way: 'out' }).map((pair) => pair.to);
    expect(peers).toEqual(['control-plane', 'node2', 'node3', 'node4', 'node5']);
  });

  it('is all taken back by healing the same machine, from the same peer or from anybody', () => {
    fc.assert(
      fc.property(machine, fc.option(machine, { nil: undefined }), way, (name, peer, direction) => {
        fc.pre(peer !== name);
        const cut = cutPairs({ machine: name, peer, way: direction });
        expect(healedPairs(name, peer, cut)).toEqual(cut);
        expect(healedPairs(name, undefined, cut)).toEqual(cut);
      }),
    );
  });
});

describe('healedPairs', () => {
  it('leaves what was cut between others', () => {
    const cut = cutPairs({ machine: 'node2', peer: 'node3', way: 'both' });
    expect(healedPairs('node1', undefined, cut)).toEqual([]);
    expect(healedPairs('node2', 'node1', cut)).toEqual([]);
  });
});

describe('parsePartition', () => {
  it.each([
    [['node9', undefined, 'both', 3], 'NODE=node9'],
    [['node1', 'node4', 'both', 3], 'node4'],
    [['node1', 'node1', 'both', 3], 'itself'],
    [['node1', undefined, 'up', 3], 'WAY=up'],
  ] as const)('refuses %j', ([name, peer, direction, count], message) => {
    expect(() => parsePartition(name, peer, direction, count)).toThrow(message);
  });

  it('takes the host as a peer', () => {
    expect(parsePartition('control-plane', 'host', 'in', 3).peer).toBe('host');
  });
});

describe('parseCutPairs', () => {
  const head = { metainfo: { version: '1.0.6' } };

  it('reads what nft lists', () => {
    const set = { family: 'bridge', name: 'cut', elem: [{ concat: ['node1', 'node2'] }] };
    expect(parseCutPairs(JSON.stringify({ nftables: [head, { set }] }))).toEqual([
      { from: 'node1', to: 'node2' },
    ]);
  });

  it('reads an empty set, which has no elements at all', () => {
    expect(parseCutPairs(JSON.stringify({ nftables: [head, { set: { name: 'cut' } }] }))).toEqual([]);
  });
});
