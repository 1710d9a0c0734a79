import { describe, expect, test } from 'vitest';
import {
  folder,
  grantTo,
  handoffBase,
  holder,
  peer,
  replica,
  storeOf,
  volume,
} from '../../test/builders/volume-view.ts';
import type { FolderReport, SyncthingReplicaSpec } from '../desired/replica.ts';
import type { SyncthingVolumeStatus } from '../desired/volume.ts';
import { hasOtherSource, knowsHolder, otherHolders, seesAll } from './other-source.ts';

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

describe('who could carry the volume on without n1', () => {
  const proven = (epoch: number, ...nodes: readonly string[]) => ({
    epoch,
    session: 1,
    sequence: 10,
    scanStartedAt: '',
    holders: nodes.map((node) => holder(node)),
  });
  const written = { base: handoffBase(['n1', 'n2']), grant: grantTo('n3', 2) };
  test.each<[string, Partial<SyncthingVolumeStatus>, readonly string[]]>([
    ['the other holders of the base', { base: handoffBase(['n1', 'n2']) }, ['n2']],
    ['nobody beside the only holder', { base: handoffBase(['n1']) }, []],
    ['holders of the base while nothing newer is proven', written, ['n2']],
    ['who was proven since', { ...written, proven: proven(2, 'n1', 'n2', 'n3', 'n4') }, ['n2', 'n4']],
    ['nobody where that is the writer alone', { ...written, proven: proven(2, 'n1', 'n3') }, []],
    ['a proof of an earlier grant is none', { ...written, proven: proven(1, 'n1', 'n4') }, ['n2']],
  ])('%s', (_, status, expected) => {
    const place = { node: 'n1', storeId: storeOf('n1') };
    expect(otherHolders(volume({ status }).status, place).map(({ node }) => node)).toEqual(expected);
  });
});

describe('a copy sees all others', () => {
  const ofTwo = replica('n1', ['n2', 'n3']).spec;
  test.each<[string, Partial<FolderReport>, boolean]>([
    ['that are connected', { peers: [peer('n2'), peer('n3')] }, true],
    ['not one that is away', { peers: [peer('n2'), peer('n3', { connected: false })] }, false],
    ['not one that has said nothing yet', { peers: [peer('n2'), peer('n3', { knownSequence: 0 })] }, false],
    ['not one that it does not share with yet', { peers: [peer('n2')] }, false],
  ])('%s', (_, seen, expected) => expect(seesAll(ofTwo, folder([], seen))).toBe(expected));

  test('where there are none', () => expect(seesAll(replica('n1', []).spec, folder([]))).toBe(true));
});
