import { expect, test } from 'vitest';
import type { SyncthingNodeStatus } from '../desired/node.ts';
import { factsOf } from './round-facts.ts';

const before: SyncthingNodeStatus = {
  deviceId: 'D',
  addresses: [],
  storeId: 's',
  heartbeat: '',
  labelled: true,
  unfit: 'full',
  capacity: { totalBytes: 2, freeBytes: 1 },
  wanted: [],
  fenced: ['n9'],
  tombstonesDone: ['f'],
  orphans: ['o'],
  syncthing: { ready: true, version: '' },
};

test('what no helper has said yet stays as it was reported', () => {
  const { labelled, unfit, capacity, fenced, tombstonesDone, orphans } = before;
  expect(factsOf({}, before)).toEqual({ labelled, unfit, capacity, fenced, tombstonesDone, orphans });
});

test('what a helper says holds, also that there is nothing any more', () => {
  const facts = {
    introducer: { fenced: [] },
    nodewatcher: { labelled: false, capacity: { totalBytes: 4, freeBytes: 3 } },
  };
  expect(factsOf(facts, before)).toEqual({
    labelled: false,
    capacity: { totalBytes: 4, freeBytes: 3 },
    fenced: [],
    tombstonesDone: ['f'],
    orphans: ['o'],
  });
});

test('a node that never reported is no data node until somebody looked', () => {
  expect(factsOf({}, undefined)).toMatchObject({ labelled: false, capacity: { freeBytes: 0 } });
});
