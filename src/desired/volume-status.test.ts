import { describe, expect, test } from 'vitest';
import {
  at,
  clusterNode,
  folder,
  grantTo,
  handoffBase,
  holder,
  node,
  readerOn,
  replica,
  SILENT,
  storeOf,
  view,
  volume,
  type ReplicaGiven,
  type ViewGiven,
} from '../../test/builders/volume-view.ts';
import { membersOf } from './members.ts';
import type { SyncthingVolumeSpec, SyncthingVolumeStatus } from './volume.ts';
import { nextStatus } from './volume-status.ts';

const ALL = ['n1', 'n2', 'n3'];
const SCAN = { epoch: 2, session: 1, sequence: 10, startedAt: at(-5000), afterUnmount: true };

interface Given extends Partial<ViewGiven> {
  readonly spec?: Partial<SyncthingVolumeSpec>;
  readonly status?: Partial<SyncthingVolumeStatus>;
  readonly placed?: readonly string[];
  readonly phase?: 'flushing' | 'released' | 'untouched';
}

function next(given: Given = {}): SyncthingVolumeStatus {
  const { phase, placed = ALL } = given;
  const writer = phase && { epoch: 2, session: 1, phase, since: at(-6000), switched: true, scan: SCAN };
  const replicas = ALL.map((name) =>
    replica(name, ALL, name === 'n1' && writer ? { status: { writer } } : {}),
  );
  const status = { epoch: 2, base: handoffBase(ALL), ...given.status };
  const seen = view({ volume: volume({ spec: given.spec ?? {}, status }), replicas, ...given });
  return nextStatus(seen, membersOf(seen, new Set(placed))).status;
}

describe('the next status', () => {
  test('is the one that stands while nothing happens', () => {
    expect(next()).toEqual({
      epoch: 2,
      readers: [],
      published: [],
      writers: [],
      base: handoffBase(ALL),
      stale: [],
      conditions: [],
    });
  });

  test('a proof moves what is replicated', () => {
    expect(next({ status: { grant: grantTo('n1', 2) }, phase: 'flushing' })).toMatchObject({
      proven: { sequence: 10 },
      replicatedThrough: at(-5000),
    });
  });

  test('released: grant and proof go, the base is the last scan, held by all who had it by then', () => {
    const status = next({ status: { grant: grantTo('n1', 2) }, phase: 'released' });
    expect(status.grant).toBeUndefined();
    expect(status.proven).toBeUndefined();
    expect(status.replicatedThrough).toBe(at(-5000));
    expect(status.base).toEqual({
      kind: 'handoff',
      epoch: 2,
      session: 1,
      holders: ALL.map((name) => holder(name)),
    });
  });

  test('untouched: the grant goes, the base stays', () => {
    const status = next({ status: { grant: grantTo('n1', 2) }, phase: 'untouched' });
    expect(status.grant).toBeUndefined();
    expect(status).toMatchObject({ epoch: 2, base: handoffBase(ALL) });
  });

  test.each([
    ['released', { epoch: 2, base: { kind: 'handoff', epoch: 2, session: 1 }, stale: [] }],
    ['untouched', { epoch: 2, base: handoffBase(ALL), stale: [] }],
    ['flushing', { epoch: 3, base: { kind: 'failover' }, stale: [{ node: 'n1' }] }],
  ] as const)('of a writer that is lost, and had reported %s', (phase, expected) => {
    const fenced = [node('n1', SILENT), node('n2', { fenced: ['n1'] }), node('n3', { fenced: ['n1'] })];
    const status = next({
      status: { grant: grantTo('n1', 2) },
      phase,
      nodes: fenced,
      clusterNodes: [clusterNode('n1', { outOfService: true })],
    });
    expect(status).toMatchObject(expected);
    expect(status.grant).toBeUndefined();
  });

  test.each([
    ['is session 0', { epoch: 2, step: 'done' as const }, 0],
    ['is session 1 once the source has its files back', { epoch: 3, step: 'done' as const }, 1],
  ])('the base of a failover %s', (_what, rejoin, session) => {
    const base = handoffBase(['n2'], { kind: 'failover', epoch: 3, session: 0 });
    const replicas = ALL.map((name) => replica(name, ALL, name === 'n2' ? { status: { rejoin } } : {}));
    expect(next({ status: { epoch: 3, base }, replicas }).base).toMatchObject({ kind: 'failover', session });
  });

  test.each([
    ['one that the failover passes by', node('n3', SILENT), undefined],
    ['none that put up the fence', node('n3', { fenced: ['n1'] }), { node: 'n3', storeId: storeOf('n3') }],
  ])('a failover keeps from leaving: %s', (_what, third, leaving) => {
    const status = next({
      status: { grant: grantTo('n1', 2), leaving: { node: 'n3', storeId: storeOf('n3') } },
      placed: ['n2'],
      nodes: [node('n1', SILENT), node('n2', { fenced: ['n1'] }), third],
      clusterNodes: [clusterNode('n1', { outOfService: true })],
    });
    expect(status.base.kind).toBe('failover');
    expect(status.leaving).toEqual(leaving);
  });

  test.each([
    ['another lineage', { epoch: 1, step: 'done' as const }, storeOf('n2'), 1],
    ['only moved its tree', { epoch: 2, step: 'archived' as const }, storeOf('n2'), 1],
    ['another disk', { epoch: 2, step: 'done' as const }, 'new', 1],
    ['done', { epoch: 2, step: 'done' as const }, storeOf('n2'), 0],
  ])('a stale copy is one until it reports its rejoin: %s', (_what, rejoin, storeId, left) => {
    const stale = [{ node: 'n2', storeId: storeOf('n2'), epoch: 2 }];
    const replicas = ALL.map((name) =>
      replica(name, ALL, name === 'n2' ? { status: { rejoin, storeId } } : {}),
    );
    expect(next({ status: { stale }, replicas }).stale).toHaveLength(left);
  });

  test.each([
    ['archived' as const, 1],
    ['done' as const, 0],
  ])('so is its disk under the name of another node: %s', (step, left) => {
    const stale = [{ node: 'n9', storeId: storeOf('n2'), epoch: 2 }];
    const replicas = ALL.map((name) =>
      replica(name, ALL, name === 'n2' ? { status: { rejoin: { epoch: 2, step } } } : {}),
    );
    expect(next({ status: { stale }, replicas }).stale).toHaveLength(left);
  });

  test('a reader that ended goes, and the others and the base stay', () => {
    const readers = ['n1', 'n2'].map((name) => readerOn(name));
    const reader = { since: readerOn('n1').since, phase: 'ended' as const };
    const replicas = ALL.map((name) => replica(name, ALL, name === 'n1' ? { status: { reader } } : {}));
    expect(next({ status: { readers }, replicas })).toMatchObject({
      epoch: 2,
      readers: [readerOn('n2')],
      base: handoffBase(ALL),
    });
  });

  describe('leaving', () => {
    test('one copy at a time, first by name', () => {
      expect(next({ placed: ['n3'] }).leaving).toEqual({ node: 'n1', storeId: storeOf('n1') });
      const status = { leaving: { node: 'n2', storeId: storeOf('n2') } };
      expect(next({ placed: ['n3'], status }).leaving?.node).toBe('n2');
    });

    test.each([
      ['nobody is to keep one', { placed: [] }],
      ['it is silent', { placed: ['n2', 'n3'], nodes: [node('n1', SILENT)] }],
      [
        'its node asks for it',
        {
          placed: ['n2', 'n3'],
          nodes: [
            node('n1', {
              wanted: [
                { volume: 'v-aaaaaaaaaaaaaaaa', volumeId: 'v-aaaaaaaaaaaaaaaa-0123456789ab', since: at(0) },
              ],
            }),
          ],
        },
      ],
      [
        'it is stale',
        { placed: ['n2', 'n3'], status: { stale: [{ node: 'n1', storeId: storeOf('n1'), epoch: 2 }] } },
      ],
      [
        'its disk is stale under another name',
        { placed: ['n2', 'n3'], status: { stale: [{ node: 'n9', storeId: storeOf('n1'), epoch: 2 }] } },
      ],
      ['it reads', { placed: ['n2', 'n3'], status: { readers: [readerOn('n1')] } }],
      ['it writes', { placed: ['n2', 'n3'], status: { grant: grantTo('n1', 2) } }],
      [
        'two copies are wanted and one node is there',
        {
          placed: ['n2'],
          spec: { replicas: 2 },
          status: { base: handoffBase(['n1', 'n2']) },
          nodes: [node('n3', SILENT)],
        },
      ],
    ] as const)('not while %s', (_what, given) => {
      expect(next(given).leaving).toBeUndefined();
    });

    const otherwise = (name: string, status: ReplicaGiven['status']) => ({
      replicas: ALL.map((each) => replica(each, ALL, each === name && status ? { status } : {})),
    });
    const lostIndex = { folder: folder(['n1', 'n3'], { index: 'another' }) };
    const fetching = { folder: folder(['n1', 'n3'], { state: 'syncing', needItems: 1 }) };

    const begun = {
      base: handoffBase(['n1', 'n2']),
      leaving: { node: 'n3', storeId: storeOf('n3') },
    };
    const staleElsewhere = { ...begun, stale: [{ node: 'n9', storeId: storeOf('n3'), epoch: 2 }] };

    test.each<[string, Given, string | undefined]>([
      ['nothing happened', {}, 'n3'],
      ['it has gone', { ...otherwise('n3', { removed: true }), placed: ALL }, 'n3'],
      ['a copy that stays fetches what is written', otherwise('n2', fetching), 'n3'],
      ['its node fell silent', { nodes: [node('n3', SILENT)] }, undefined],
      ['its node is labelled again', { placed: ALL }, undefined],
      ['nobody is to keep one', { placed: [] }, undefined],
      ['a copy that stays fell silent', { nodes: [node('n2', SILENT)] }, undefined],
      ['a copy that stays is on another disk', { nodes: [node('n2', { storeId: 'new' })] }, undefined],
      ['a copy that stays lost its database', otherwise('n2', lostIndex), undefined],
      ['its disk went stale, under another name', { status: staleElsewhere }, undefined],
      ['a copy saw a later epoch', otherwise('n3', { highestEpoch: 3 }), undefined],
    ])('begun, and meanwhile %s', (_what, given, left) => {
      expect(next({ placed: ['n1', 'n2'], status: begun, ...given }).leaving?.node).toBe(left);
    });

    test('ends when the order is gone', () => {
      const replicas = ['n1', 'n3'].map((name) => replica(name, ['n1', 'n3']));
      const status = { leaving: { node: 'n2', storeId: storeOf('n2') } };
      expect(next({ replicas, status, placed: ['n1', 'n3'] }).leaving).toBeUndefined();
    });
  });
});
