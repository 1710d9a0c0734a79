import { describe, expect, test } from 'vitest';
import { replica } from '../../test/builders/volume-view.ts';
import type { SyncthingReplica } from '../desired/replica.ts';
import { observedPeers } from './observed-peers.ts';
import { isScanDue, isScanMade } from './peers-go.ts';

function copy(generation: number, peers: readonly string[]): SyncthingReplica {
  const known = replica('n1', ['n2', 'n3']);
  const listed = known.spec.peers.filter(({ node }) => peers.includes(node));
  return { ...known, generation, spec: { ...known.spec, peers: listed } };
}

describe('a receiver from whose list a peer goes', () => {
  test.each([
    ['waits for a scan', { generation: 4, isScanned: false }, true, false],
    ['has had it', { generation: 4, isScanned: true }, false, true],
    ['waits for another one when the order is a later one', { generation: 3, isScanned: true }, false, false],
    ['does not wait for one of an earlier order', { generation: 3, isScanned: false }, false, false],
  ])('%s', (_what, peersGo, isDue, isMade) => {
    expect(isScanDue({ peersGo, order: copy(4, []) })).toBe(isDue);
    expect(isScanMade({ peersGo }, 4)).toBe(isMade);
  });

  test.each([
    ['is told of while the order is not carried out', 3, ['n2', 'n3']],
    ['is told of no more when it is', 4, ['n2']],
  ])('%s', (_what, generation, expected) => {
    expect(observedPeers(copy(4, ['n2']), { generation }).map(({ node }) => node)).toEqual(expected);
  });

  test('after a restart what was reported last says which order was carried out', () => {
    const before = copy(4, ['n2']);
    expect(before.status?.generation).toBeLessThan(4);
    expect(observedPeers(before, undefined).map(({ node }) => node)).toEqual(['n2', 'n3']);
  });
});
