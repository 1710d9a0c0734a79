import { describe, expect, test } from 'vitest';
import { folder, grantTo, handoffBase, storeOf, NOW } from '../../test/builders/volume-view.ts';
import type { FolderReport, SyncthingReplicaSpec } from '../desired/replica.ts';
import { newDiskState, type DiskPhase, type DiskState } from './disk-state.ts';
import { planLocal, type LocalView } from './local.ts';
import { defaultHandoffSettings } from './settings.ts';
import { isComingToWrite } from './taking.ts';

const TAKING: DiskPhase = { kind: 'taking', epoch: 2 };

function stateIn(phase: DiskPhase): DiskState {
  const identity = { volume: 'v', folderId: 'v-1', storeId: storeOf('n1') };
  return { ...newDiskState(identity), phase };
}

function orderWith(given: Partial<SyncthingReplicaSpec> = {}): SyncthingReplicaSpec {
  return {
    volume: 'v',
    folderId: 'v-1',
    node: 'n1',
    label: 'ns/claim',
    role: 'data',
    epoch: 2,
    type: 'sendreceive',
    peers: [],
    base: handoffBase(['n1', 'n2']),
    grant: grantTo('n1', 2),
    ...given,
  };
}

interface Given {
  readonly phase?: DiskPhase;
  readonly order?: Partial<SyncthingReplicaSpec>;
  readonly seen?: Partial<FolderReport>;
  readonly isWanted?: boolean;
}

function kinds({ phase = TAKING, order = {}, seen = {}, isWanted = true }: Given): readonly string[] {
  const view: LocalView = {
    node: 'n1',
    state: { ...stateIn(phase), highestEpoch: 2, highestBase: 2 },
    order: orderWith(order),
    podMounts: [],
    stagingMounts: [],
    folder: folder(['n2'], { type: 'receiveonly', ...seen }),
    changedSinceScan: false,
    isWanted,
    isWantedToRead: false,
    isAwaitingPublish: false,
    isPeerLeaving: false,
    now: NOW,
    settings: defaultHandoffSettings,
  };
  return planLocal(view).map(({ kind }) => kind);
}

describe('a grant that was taken and under which nothing is mounted', () => {
  test.each<[string, Given, readonly string[]]>([
    ['waits for its type', {}, []],
    ['and is not scanned when that is there', { seen: { type: 'sendreceive' } }, []],
    ['is given back when nobody asks any more', { isWanted: false }, ['decline']],
    ['is given back where something counts as changed', { seen: { receiveOnlyItems: 1 } }, ['decline']],
    [
      'but not where no other store has the base',
      { seen: { receiveOnlyItems: 1 }, order: { base: handoffBase(['n1']) } },
      ['absorb'],
    ],
  ])('%s', (_what, given, expected) => {
    expect(kinds(given)).toEqual(expected);
  });
});

describe('the folder of who is to write is left as it is', () => {
  test.each<[string, DiskPhase, Partial<SyncthingReplicaSpec>, boolean]>([
    ['from the grant on', { kind: 'replica' }, {}, true],
    ['while its type waits for a peer', TAKING, { type: 'receiveonly' }, true],
    ['until its type is to come', TAKING, {}, false],
    ['not once it writes', { kind: 'writer', epoch: 2, session: 1 }, {}, false],
    ['not when it gave the grant back', { kind: 'untouched', epoch: 2 }, {}, false],
    ['not for another one’s grant', { kind: 'replica' }, { grant: grantTo('n2', 2) }, false],
    ['not on another disk', { kind: 'replica' }, { grant: { ...grantTo('n1', 2), storeId: 'other' } }, false],
    ['not of a copy that is to make way', { kind: 'replica' }, { rejoin: { epoch: 2 } }, false],
    ['not beside other writers', { kind: 'replica' }, { access: 'eventual' }, false],
  ])('%s', (_what, phase, given, expected) => {
    expect(isComingToWrite('n1', stateIn(phase), orderWith(given))).toBe(expected);
  });
});
