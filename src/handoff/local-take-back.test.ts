import { describe, expect, test } from 'vitest';
import { folder, handoffBase, NOW, replica, storeOf } from '../../test/builders/volume-view.ts';
import type { FolderReport, SyncthingReplicaSpec } from '../desired/replica.ts';
import { newDiskState, type DiskState } from './disk-state.ts';
import { planLocal } from './local.ts';
import { defaultHandoffSettings } from './settings.ts';

const REST = {
  node: 'n1',
  podMounts: [],
  stagingMounts: [],
  changedSinceScan: false,
  isWanted: false,
  isWantedToRead: false,
  isAwaitingPublish: false,
  isPeerLeaving: false,
  now: NOW,
  settings: defaultHandoffSettings,
};

function stateOf(given: Partial<DiskState> = {}): DiskState {
  const fresh = newDiskState({ volume: 'v', folderId: 'v-1', storeId: storeOf('n1') });
  return { ...fresh, highestEpoch: 3, highestBase: 3, ...given };
}

interface Seen {
  readonly state?: DiskState;
  readonly seen?: Partial<FolderReport>;
}

describe('after a failover', () => {
  const base = handoffBase(['n1'], { kind: 'failover', epoch: 3, session: 0 });
  const BACK = { kind: 'take-back', epoch: 3, proven: { kind: 'sequence', sequence: 10 } };
  function plan(given: Partial<SyncthingReplicaSpec> = {}, { state = stateOf(), seen = {} }: Seen = {}) {
    const { spec: order } = replica('n1', ['n2'], { spec: { epoch: 3, base, ...given } });
    return planLocal({ ...REST, state, order, folder: folder(['n2'], { type: 'receiveonly', ...seen }) });
  }

  test('the source takes back what the lost writer deleted', () => expect(plan()).toContainEqual(BACK));

  test.each([
    ['it needs items of the lost writer', {}, { seen: { needItems: 1 } }],
    ['its first scan is not over', {}, { seen: { scanned: false } }],
    ['another copy is the source', { base: { ...base, holders: handoffBase(['n2']).holders } }, {}],
    ['it is done by the volume', { base: { ...base, session: 1 } }, {}],
    ['it is done here', {}, { state: stateOf({ rejoined: { epoch: 3, archive: '' } }) }],
  ])('not while, or when, %s', (_what, given, view) => {
    expect(plan(given, view)).not.toContainEqual(BACK);
  });

  const ANNOUNCING = { state: stateOf({ announcing: true }) };
  const TYPED = { type: 'sendreceive' } as const;

  test('it takes back more once the folder has writer type', () => {
    expect(plan({}, { ...ANNOUNCING, seen: TYPED })).toEqual([BACK]);
  });

  test.each([
    ['writer type is on its way', { ...ANNOUNCING, seen: {} }],
    ['the folder is scanned with it', { ...ANNOUNCING, seen: { ...TYPED, scanned: false } }],
    ['the folder is at work', { ...ANNOUNCING, seen: { ...TYPED, state: 'scanning' as const } }],
  ])('nothing ends the announcement while %s', (_what, view) => expect(plan({}, view)).toEqual([]));

  test('its folder is to be a receiver again first where it announces nothing', () => {
    expect(plan({}, { seen: TYPED })).toEqual([]);
  });

  test('it announces what it has while it lacks something', () => {
    expect(plan({}, { ...ANNOUNCING, seen: { ...TYPED, needItems: 1 } })).toEqual([{ kind: 'announce' }]);
  });

  test('it stops announcing when it may not speak for the volume any more', () => {
    const actions = plan({ removal: 'leave' }, { ...ANNOUNCING, seen: TYPED });
    expect(actions).toEqual([{ kind: 'stop-announcing' }]);
  });
});
