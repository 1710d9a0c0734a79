import { describe, expect, test } from 'vitest';
import {
  asks,
  at,
  clusterNode,
  EMPTY_BASE,
  folder,
  grantTo,
  handoffBase,
  holder,
  node,
  NOW,
  readerOn,
  replica,
  sharedBase,
  SILENT,
  STORAGE_LABEL,
  storeOf,
  view,
  volume,
  writerOn,
  type ViewGiven,
} from '../../test/builders/volume-view.ts';
import { decideFailover } from '../handoff/failover.ts';
import { decideFlush } from '../handoff/flush.ts';
import { decideGrant } from '../handoff/grant.ts';
import { conditionsOf } from './conditions.ts';
import { membersOf } from './members.ts';
import type { Condition } from './object.ts';
import type { SyncthingVolumeSpec, SyncthingVolumeStatus } from './volume.ts';

const ALL = ['n1', 'n2', 'n3'];

interface Given extends Partial<ViewGiven> {
  readonly spec?: Partial<SyncthingVolumeSpec>;
  readonly status?: Partial<SyncthingVolumeStatus>;
  readonly placed?: readonly string[];
  readonly liveObstacle?: string;
}

function conditions(given: Given = {}): readonly Condition[] {
  const status = { epoch: 2, base: handoffBase(ALL), ...given.status };
  const replicas = ALL.map((name) => replica(name, ALL, { spec: { epoch: 2 } }));
  const seen = view({ volume: volume({ spec: given.spec ?? {}, status }), replicas, ...given });
  const { liveObstacle, placed = ALL } = given;
  return conditionsOf(seen, {
    failover: decideFailover(seen),
    flush: decideFlush(seen, status.proven),
    grant: decideGrant(seen),
    members: membersOf(seen, new Set(placed)),
    storageLabel: STORAGE_LABEL,
    ...(liveObstacle !== undefined && { liveObstacle }),
  });
}

function told(type: string, given: Given = {}): string {
  const found = conditions(given).find((each) => each.type === type);
  return `${found?.status} ${found?.reason}: ${found?.message}`;
}

const GRANTED = { grant: grantTo('n1', 2) };
const PROVEN = {
  proven: {
    epoch: 2,
    session: 1,
    sequence: 10,
    scanStartedAt: at(-9000),
    holders: ALL.map((name) => holder(name)),
  },
};

const SOURCE = handoffBase(['n2'], { kind: 'failover', epoch: 2, session: 0 });

const GOING = { spec: { deletion: { requestedAt: at(0) } } };

describe('Ready', () => {
  const cases: readonly (readonly [string, Given, RegExp])[] = [
    ['at rest', {}, /^True Available/],
    [
      'read',
      { status: { readers: [readerOn('n1'), readerOn('n2')] } },
      /^True Reading: it is read on n1, n2/,
    ],
    [
      'read, and somebody is to write',
      { status: { readers: [readerOn('n1')] }, nodes: [node('n2', asks(handoffBase(ALL)))] },
      /^True Waiting: n2 waits: the volume is read on n1/,
    ],
    ['written', { status: GRANTED }, /^True Attached: node n1 writes it since/],
    ['going', GOING, /^False Deleting: the volume and its copies are being removed, still on n1, n2, n3$/],
    [
      'going, and what keeps a copy',
      {
        ...GOING,
        replicas: [
          replica('n1', ALL, { status: { removed: true } }),
          replica('n2', ALL, { status: { message: 'still mounted' } }),
        ],
      },
      /still on n2 \(still mounted\)$/,
    ],
    [
      'no data node',
      { placed: [] },
      /^False NoDataNode: .*kubectl label node NAME example.com\/syncthing-storage=yes/,
    ],
    ['an obstacle found live', { liveObstacle: 'no pod there' }, /^False Waiting: no pod there/],
    [
      'a node that waits',
      { nodes: [node('n2', asks(EMPTY_BASE))] },
      /^False Waiting: n2 waits: n2 has not seen/,
    ],
    [
      'a node that waits for another',
      { status: GRANTED, nodes: [node('n2', asks(handoffBase(ALL)))] },
      /^True Waiting: n2 waits: node n1 holds/,
    ],
    [
      'a lost writer, fences going up',
      { status: GRANTED, clusterNodes: [clusterNode('n1', { outOfService: true })] },
      /^False Fencing: node n1 is lost; waiting for n2, n3/,
    ],
    [
      'a lost writer nobody can follow',
      { status: { ...GRANTED, base: EMPTY_BASE }, clusterNodes: [clusterNode('n1', { outOfService: true })] },
      /^False Blocked: .*bring back n1/,
    ],
    [
      'a source of a failover that was lost before it had its files back',
      { status: { base: SOURCE }, nodes: [node('n2', SILENT), node('n3', asks(SOURCE))] },
      /^False Blocked: the volume goes on from n2, .* does not answer: bring back n2 .*"Start again from one copy"/,
    ],
    [
      'one that cannot take them back',
      {
        status: { base: SOURCE },
        replicas: ALL.map((name) => replica(name, ALL, { status: { message: 'no space left' } })),
      },
      /^False Waiting: n2 takes back .*: no space left \(if it never can: docs\/operations.md/,
    ],
    [
      'one that is taking them back',
      { status: { base: SOURCE }, nodes: [node('n3', asks(SOURCE))] },
      /^False Waiting: n3 waits: n2 takes back/,
    ],
    [
      'another disk in the writer',
      { status: GRANTED, nodes: [node('n1', { storeId: 'new' })] },
      /^False StoreChanged/,
    ],
    [
      'an API older than the data',
      { replicas: ALL.map((name) => replica(name, ALL, { status: { highestEpoch: 9 } })) },
      /^False Diverged: n1 saw epoch 9, above the volume's 2/,
    ],
  ];
  test.each(cases)('%s', (_what, given, message) => {
    expect(told('Ready', given)).toMatch(message);
  });
});

describe('Replicated', () => {
  const cases: readonly (readonly [string, Given, RegExp])[] = [
    ['all hold the base', {}, /^True InSync: held by n1, n2, n3/],
    ['all hold the proof', { status: { ...GRANTED, ...PROVEN } }, /^True InSync: held by n2, n3/],
    [
      'nothing is proven yet',
      { status: GRANTED },
      /^False CatchingUp: n2: not proven yet; n3: not proven yet/,
    ],
    ['one is silent', { nodes: [node('n3', SILENT)] }, /^False CatchingUp: n3 does not answer/],
    [
      'one lacks something',
      {
        replicas: ALL.map((name) =>
          replica(
            name,
            ALL,
            name === 'n2' ? { status: { folder: folder([], { needItems: 2, needBytes: 7 }) } } : {},
          ),
        ),
      },
      /^False CatchingUp: n2: 2 item\(s\), 7 bytes still to come/,
    ],
    ['fewer nodes than copies wanted', { spec: { replicas: 5 } }, /^False TooFewDataNodes: 3 of 5 copies/],
    [
      'only the writer has a copy',
      { status: GRANTED, replicas: [replica('n1', [])], placed: ['n1'] },
      /^True InSync: there is no other/,
    ],
  ];
  test.each(cases)('%s', (_what, given, message) => {
    expect(told('Replicated', given)).toMatch(message);
  });
});

describe('Carried', () => {
  function writers(...uncarried: readonly (readonly string[] | undefined)[]): Given {
    const replicas = uncarried.map((paths, index) =>
      replica(`n${index + 1}`, ALL, {
        status: {
          writer: {
            epoch: index + 1,
            session: 1,
            phase: 'released',
            since: at(0),
            switched: false,
            ...(paths !== undefined && { uncarried: paths }),
          },
        },
      }),
    );
    return { replicas };
  }

  test('names what the latest writer has that nobody else gets', () => {
    expect(told('Carried', writers(['old'], ['dev/null', 'and 7 more']))).toBe(
      'False NotCarried: n2 has what other nodes do not get: dev/null, and 7 more; see docs/limitations.md',
    );
  });

  test('is True where the latest writer has nothing, whatever was before', () => {
    expect(told('Carried', writers(['old'], undefined))).toMatch(/^True Everything/);
    expect(told('Carried')).toMatch(/^True Everything/);
  });
});

describe('Diverged', () => {
  const stale = [{ node: 'n2', storeId: storeOf('n2'), epoch: 2 }];
  test.each([
    ['one lineage', {}, /^False OneLineage/],
    ['a copy that rejoins', { status: { stale } }, /^True Rejoining: n2 may have/],
    [
      'its disk under another name',
      { status: { stale }, nodes: [node('n2', { storeId: 'new' }), node('n3', { storeId: storeOf('n2') })] },
      /^True Rejoining: n3 may have/,
    ],
    [
      'one of a node whose resource was removed',
      { status: { stale: [{ node: 'n9', storeId: storeOf('n9'), epoch: 2 }] } },
      /^False OneLineage/,
    ],
    [
      'one on a disk that is gone',
      { status: { stale }, nodes: [node('n2', { storeId: 'new' })] },
      /^False OneLineage/,
    ],
    [
      'what was kept of it',
      {
        replicas: ALL.map((name) =>
          replica(
            name,
            ALL,
            name === 'n2' ? { status: { rejoin: { epoch: 2, step: 'done', archive: '/a/2' } } } : {},
          ),
        ),
      },
      /^True Archived: .*n2:\/a\/2/,
    ],
    [
      'whatever was kept before it as well',
      {
        replicas: ALL.map((name) =>
          replica(
            name,
            ALL,
            name === 'n2'
              ? { status: { rejoin: { epoch: 3, step: 'done', archive: '/a/3', earlier: ['/a/1', '/a/2'] } } }
              : {},
          ),
        ),
      },
      /^True Archived: .*n2:\/a\/1, n2:\/a\/2, n2:\/a\/3$/,
    ],
  ] as const)('%s', (_what, given, message) => {
    expect(told('Diverged', given)).toMatch(message);
  });
});

test('the transition time moves only with the status', () => {
  const before = conditions().map((each) => ({ ...each, lastTransitionTime: at(-99_000) }));
  const same = conditions({ status: { conditions: before } });
  expect(same).toEqual(before);
  const moved = conditions({ status: { conditions: before }, placed: [] });
  const times = Object.fromEntries(moved.map((each) => [each.type, each.lastTransitionTime]));
  expect(times).toMatchObject({ Ready: new Date(NOW).toISOString(), Diverged: at(-99_000) });
});

describe('a volume that many write', () => {
  const spec = { access: 'eventual' } as const;
  const base = sharedBase(ALL);
  const copy = 'a.sync-conflict-20260102-030405-ABCDEFG';

  test.each<[string, string, Given, string | RegExp]>([
    ['Ready', 'nobody writes', {}, 'True Available'],
    [
      'Ready',
      'two write',
      { status: { writers: ['n1', 'n3'].map((name) => writerOn(name)) } },
      'True Shared: written on n1, n3',
    ],
    [
      'Ready',
      'somebody waits',
      {
        status: { writers: [writerOn('n1')] },
        nodes: [node('n3', asks()), node('n2', SILENT)],
        placed: ['n1', 'n2', 'n3', 'n4'],
      },
      'True',
    ],
    ['Conflicted', 'no conflict', {}, 'False NoConflicts'],
    [
      'Conflicted',
      'some',
      { status: { conflicts: { count: 12, names: [copy] } } },
      `True ConflictCopies: 12 conflict copies: ${copy} and 11 more`,
    ],
    ['Diverged', 'it has no lineage', {}, 'undefined'],
    ['Carried', 'nothing is carried', {}, 'undefined'],
  ])('%s: %s', (type, _what, given, text) => {
    expect(told(type, { ...given, spec, status: { epoch: 0, base, ...given.status } })).toContain(text);
  });

  test('no other volume has conflicts to tell of', () => {
    expect(told('Conflicted')).toContain('undefined');
  });
});
