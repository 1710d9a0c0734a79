import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  clusterNode,
  expelledNode,
  node,
  replica,
  STORAGE_LABEL,
  volume,
} from '../../test/builders/volume-view.ts';
import type { SyncthingNodeStatus } from './node.ts';
import { isLabelled, labelledNodes, placeCopies, unfitReason, type Cluster } from './placement.ts';
import type { ReplicaRemoval, ReplicaRole, SyncthingReplica } from './replica.ts';

interface NodeGiven {
  readonly label?: string;
  readonly status?: Partial<SyncthingNodeStatus>;
  readonly copy?: ReplicaRole;
  readonly removal?: ReplicaRemoval;
  /** The Node object is there. */
  readonly exists?: boolean;
}

function world(given: Readonly<Record<string, NodeGiven>>): {
  readonly cluster: Cluster;
  readonly replicas: Map<string, SyncthingReplica>;
} {
  const names = Object.keys(given);
  const nodes = new Map(names.map((name) => [name, node(name, given[name]?.status)]));
  const there = names.filter((name) => given[name]?.exists !== false);
  const clusterNodes = new Map(
    there.map((name) => {
      const label = given[name]?.label ?? 'yes';
      return [name, clusterNode(name, { labels: label === '' ? {} : { [STORAGE_LABEL]: label } })];
    }),
  );
  const replicas = new Map<string, SyncthingReplica>();
  for (const name of names) {
    const { copy, removal } = given[name] ?? {};
    if (copy !== undefined)
      replicas.set(name, replica(name, [], { spec: { role: copy, ...(removal && { removal }) } }));
  }
  return { cluster: { nodes, clusterNodes, storageLabel: STORAGE_LABEL }, replicas };
}

function placed(given: Readonly<Record<string, NodeGiven>>, copies?: number): readonly string[] {
  const { cluster, replicas } = world(given);
  const spec = copies === undefined ? {} : { replicas: copies };
  return [...placeCopies(cluster, volume({ spec }), replicas)].sort();
}

test('a machine that was expelled under another name gets no copy, and its copy counts for none', () => {
  const { cluster, replicas } = world({ n2: { copy: 'data' }, n9: { copy: 'data' } });
  const expelled = expelledNode('n1', { storeId: node('n9').status?.storeId ?? '' });
  const nodes = new Map([...cluster.nodes, ['n1', expelled]]);
  const seen = { ...cluster, nodes };
  expect(unfitReason(seen, 'n9')).toBe('it was expelled: docs/security.md');
  expect([...placeCopies(seen, volume(), replicas)]).toEqual(['n2']);
});

describe('the label', () => {
  test.each([
    ['yes', true],
    ['true', true],
    ['no', false],
    ['', false],
    ['YES', false],
  ])('"%s": %s', (value, isData) => {
    expect(isLabelled(clusterNode('n1', { labels: { [STORAGE_LABEL]: value } }), STORAGE_LABEL)).toBe(isData);
  });

  test('an absent node has none', () => {
    expect(isLabelled(undefined, STORAGE_LABEL)).toBe(false);
    expect(
      labelledNodes(world({ n2: {}, n1: {}, n3: { label: '' }, n4: { exists: false } }).cluster),
    ).toEqual(['n1', 'n2']);
  });
});

test.each([
  ['is fit', {}, undefined],
  ['says why not', { unfit: 'disk full' }, 'disk full'],
  ['has no device yet', { deviceId: '' }, 'its Syncthing is not up'],
  [
    'has no device and says why',
    { deviceId: '', syncthing: { ready: false, version: '', message: 'no home' } },
    'no home',
  ],
])('a node that %s', (_what, status, reason) => {
  expect(unfitReason(world({ n1: { status } }).cluster, 'n1')).toBe(reason);
});

describe('where copies are to be', () => {
  test('on every labelled node that is fit', () => {
    expect(placed({ n1: {}, n2: { label: '' }, n3: { status: { unfit: 'full' } }, n4: {} })).toEqual([
      'n1',
      'n4',
    ]);
  });

  test.each([
    ['its node has the label, though it is full', { copy: 'data', status: { unfit: 'full' } }, true],
    ['its Node object is gone', { copy: 'data', exists: false }, true],
    ['the label is gone', { copy: 'data', label: '' }, false],
    ['it is on its way out', { copy: 'data', removal: 'leave', status: { unfit: 'full' } }, false],
    ["it was a client's, on a node that is not fit", { copy: 'client', status: { unfit: 'full' } }, false],
  ] as const)('a copy stays, or not, where %s', (_what, given, stays) => {
    expect(placed({ n1: given })).toEqual(stays ? ['n1'] : []);
  });

  test('a client copy becomes a data copy with the label', () => {
    expect(placed({ n1: { copy: 'client' } })).toEqual(['n1']);
  });

  test('N copies stay where they are while that can be', () => {
    const given = { n1: {}, n2: { copy: 'data' as const }, n3: {}, n4: { copy: 'data' as const } };
    expect(placed(given, 2)).toEqual(['n2', 'n4']);
    expect(placed({ ...given, n4: { copy: 'data', label: '' } }, 2)).toContain('n2');
    expect(placed({ ...given, n4: { copy: 'data', label: '' } }, 2)).toHaveLength(2);
    expect(placed(given, 9)).toEqual(['n1', 'n2', 'n3', 'n4']);
  });

  const anyNode: fc.Arbitrary<NodeGiven> = fc
    .record({
      label: fc.constantFrom('yes', ''),
      unfit: fc.boolean(),
      copy: fc.constantFrom(undefined, 'data' as const, 'client' as const),
      exists: fc.boolean(),
    })
    .map(({ unfit, copy, ...rest }) => ({
      ...rest,
      status: unfit ? { unfit: 'full' } : {},
      ...(copy && { copy }),
    }));
  const anyWorld = fc.tuple(anyNode, anyNode, anyNode, anyNode).map((all) => {
    return Object.fromEntries(all.map((each, index) => [`n${index}`, each]));
  });

  test('never more than wanted, and never a new one where it may not be', () => {
    fc.assert(
      fc.property(anyWorld, fc.integer({ min: 1, max: 4 }), (given, wanted) => {
        const found = placed(given, wanted);
        expect(found.length).toBeLessThanOrEqual(wanted);
        for (const name of found) {
          const each = given[name];
          const isKept = each?.copy === 'data' && (each.exists === false || each.label === 'yes');
          const isNew = each?.exists === true && each.label === 'yes' && each.status?.unfit === undefined;
          expect(isKept || isNew).toBe(true);
        }
      }),
    );
  });

  test('placing the copies that were placed changes nothing', () => {
    fc.assert(
      fc.property(
        anyWorld,
        fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
        (given, wanted) => {
          const once = placed(given, wanted);
          const then = Object.entries(given).map(([name, each]) => {
            return [name, once.includes(name) ? { ...each, copy: 'data' as const } : each] as const;
          });
          expect(placed(Object.fromEntries(then), wanted)).toEqual(once);
        },
      ),
    );
  });
});
