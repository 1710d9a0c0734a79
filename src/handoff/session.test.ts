import { describe, expect, test } from 'vitest';
import {
  at,
  EMPTY_BASE,
  grantTo,
  handoffBase,
  replica,
  storeOf,
  volume,
} from '../../test/builders/volume-view.ts';
import type { SyncthingReplicaSpec } from '../desired/replica.ts';
import { newDiskState, type DiskPhase, type DiskState } from './disk-state.ts';
import {
  holdsGrant,
  isHeldBy,
  isOnlyHolder,
  isStaged,
  leftoverMounts,
  offeredEpoch,
  scanProves,
} from './session.ts';

const WRITER: DiskPhase = { kind: 'writer', epoch: 2, session: 1 };
const REPLICA: DiskPhase = { kind: 'replica' };

function state(phase: DiskPhase, given: Partial<DiskState> = {}): DiskState {
  return { ...newDiskState({ volume: 'v', folderId: 'v-1', storeId: storeOf('n1') }), phase, ...given };
}

function order(given: Partial<SyncthingReplicaSpec> = {}): SyncthingReplicaSpec {
  return replica('n1', ['n2'], { spec: { epoch: 2, base: EMPTY_BASE, ...given } }).spec;
}

describe('the grant, read live', () => {
  const here = { node: 'n1', storeId: storeOf('n1') };
  test.each([
    ['is this node’s', here, 2, true],
    ['is of another epoch', here, 3, false],
    ['is of another node', { ...here, node: 'n2' }, 2, false],
    ['is of the disk that this node had', { ...here, storeId: 'new' }, 2, false],
  ])('%s', (_what, place, epoch, holds) => {
    expect(holdsGrant(volume({ status: { grant: grantTo('n1', 2) } }), place, epoch)).toBe(holds);
  });

  test('ends with the volume', () => {
    const given = { spec: { deletion: { requestedAt: at(0) } }, status: { grant: grantTo('n1', 2) } };
    expect(holdsGrant(volume(given), here, 2)).toBe(false);
  });
});

describe('a disk is the volume', () => {
  const here = { node: 'n1', storeId: storeOf('n1') };
  test.each([
    ['as its only holder', { base: handoffBase(['n1']) }, true],
    ['not beside another', { base: handoffBase(['n1', 'n2']) }, false],
    ['not where another is', { base: handoffBase(['n2']) }, false],
    ['not of an empty volume', {}, false],
    ['not while somebody writes', { base: handoffBase(['n1']), grant: grantTo('n2', 2) }, false],
  ])('%s', (_what, status, expected) => {
    expect(isOnlyHolder(volume({ status }), here)).toBe(expected);
  });

  test('not after the node got another one', () => {
    const given = volume({ status: { base: handoffBase(['n1']) } });
    expect(isOnlyHolder(given, { ...here, storeId: 'new' })).toBe(false);
  });
});

describe('a base is held by a disk', () => {
  const here = { node: 'n1', storeId: storeOf('n1') };
  const base = handoffBase(['n1', 'n2']);
  test.each([
    ['that it names', { base }, true],
    ['not by another', { base: handoffBase(['n2']) }, false],
    ['not once a later session was handed off', { base: { ...base, session: 2 } }, false],
    ['not after another epoch', { base: { ...base, epoch: 2 } }, false],
    ['not while somebody writes', { base, grant: grantTo('n2', 2) }, false],
  ])('%s', (_what, status, expected) => {
    expect(isHeldBy(volume({ status }), here, { epoch: 1, session: 1 })).toBe(expected);
  });
});

describe('a volume counts as staged', () => {
  const granted = order({ grant: grantTo('n1', 2) });
  const mounted = { state: state(WRITER), order: granted, knowsOrders: true, isMounted: true };
  test.each([
    ['in the epoch of the order', {}, true],
    ['while no order is known', { order: undefined, knowsOrders: false }, true],
    ['not once it is known that there is none', { order: undefined }, false],
    ['not without its mount', { isMounted: false }, false],
    ['not under an older epoch', { order: order({ grant: grantTo('n1', 3) }) }, false],
    ['not after the grant ended', { order: order() }, false],
    ['not without a session', { state: state(REPLICA) }, false],
    ['not without a state.json', { state: undefined }, false],
  ])('%s', (_what, given, expected) => {
    expect(isStaged({ ...mounted, ...given })).toBe(expected);
  });
});

describe('an order offers', () => {
  test.each([
    ['the epoch of its grant', { grant: grantTo('n1', 2) }, {}, { kind: 'offered', epoch: 2 }],
    ['nothing while another node has it', { grant: grantTo('n2', 2) }, {}, { kind: 'none' }],
    ['nothing to another disk', { grant: grantTo('n1', 2) }, { storeId: 'new' }, { kind: 'none' }],
    [
      'nothing before the rejoin',
      { grant: grantTo('n1', 4), rejoin: { epoch: 3 } },
      {},
      { kind: 'rejoin-first' },
    ],
    [
      'the epoch after the rejoin',
      { grant: grantTo('n1', 4), rejoin: { epoch: 3 } },
      { rejoined: { epoch: 3, archive: '' } },
      { kind: 'offered', epoch: 4 },
    ],
  ] as const)('%s', (_what, given, had, offer) => {
    expect(offeredEpoch(order(given), state(REPLICA, had))).toEqual(offer);
  });
});

test('a mount is left over unless its session is of the epoch', () => {
  expect(leftoverMounts(state(WRITER), 2, ['/pod'])).toEqual([]);
  expect(leftoverMounts(state(WRITER), 3, ['/pod'])).toEqual(['/pod']);
  expect(leftoverMounts(state(REPLICA), 2, ['/pod'])).toEqual(['/pod']);
});

describe('a scan proves', () => {
  const whole = {
    typeBefore: 'sendreceive',
    typeAfter: 'sendreceive',
    errors: 0,
    needItems: 0,
    receiveOnlyItems: 0,
  } as const;
  test.each([
    ['what a writer has', {}, true],
    ['nothing where it began before the switch', { typeBefore: 'receiveonly' }, false],
    ['nothing where the folder was switched back', { typeAfter: 'receiveonly' }, false],
    ['nothing without the folder', { typeAfter: undefined }, false],
    ['nothing with errors', { errors: 1 }, false],
    ['nothing with needs', { needItems: 1 }, false],
    ['nothing with local changes', { receiveOnlyItems: 1 }, false],
  ] as const)('%s', (_what, given, proves) => {
    expect(scanProves({ ...whole, ...given })).toBe(proves);
  });
});
