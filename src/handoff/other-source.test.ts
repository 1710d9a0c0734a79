import { describe, expect, test } from 'vitest';
import { folder, grantTo, handoffBase, peer, replica } from '../../test/builders/volume-view.ts';
import type { FolderReport, SyncthingReplicaSpec } from '../desired/replica.ts';
import { hasOtherSource, knowsHolder } from './other-source.ts';

function order(given: Partial<SyncthingReplicaSpec> = {}): SyncthingReplicaSpec {
  return replica('n1', ['n2'], { spec: { base: handoffBase(['n1', 'n2']), ...given } }).spec;
}

describe('somebody else has the volume', () => {
  const alone = handoffBase(['n1']);
  test.each<[string, Partial<SyncthingReplicaSpec>, Partial<FolderReport>, boolean]>([
    ['a holder that is connected and known', {}, {}, true],
    ['not a holder that is away', {}, { peers: [peer('n2', { connected: false })] }, false],
    ['not one whose index is not known', {}, { peers: [peer('n2', { knownSequence: 9 })] }, false],
    ['not a copy that is no holder', { base: alone }, {}, false],
    ['the writer, proven or not', { base: alone, grant: grantTo('n2', 2) }, {}, true],
    [
      'not a writer that is away',
      { base: alone, grant: grantTo('n2', 2) },
      { peers: [peer('n2', { connected: false })] },
      false,
    ],
    ['not this node itself', { grant: grantTo('n1', 2), base: alone }, { peers: [peer('n1')] }, false],
  ])('%s', (_, spec, seen, expected) => {
    expect(hasOtherSource(order(spec), folder(['n2'], seen))).toBe(expected);
  });

  test('nobody without a folder', () => expect(hasOtherSource(order(), undefined)).toBe(false));
});

test('the writer holds nothing that was proven', () => {
  const written = order({ base: handoffBase(['n1']), grant: grantTo('n2', 2) });
  expect(knowsHolder(written, folder(['n2']))).toBe(false);
  expect(knowsHolder(order(), folder(['n2']))).toBe(true);
});
