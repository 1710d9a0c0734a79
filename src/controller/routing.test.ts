import { describe, expect, test } from 'vitest';
import {
  asks,
  at,
  clusterNode,
  folder,
  grantTo,
  node,
  replica,
  STORAGE_LABEL,
  volume,
  VOLUME,
} from '../../test/builders/volume-view.ts';
import type { SyncthingNodeStatus } from '../desired/node.ts';
import { concernedByClusterNode, concernedByNode, concernedByReplica, concernedByVolume } from './routing.ts';

const NOBODY = { volumes: { names: [] }, nodes: false };

describe('a change of a node', () => {
  function changed(given: Partial<SyncthingNodeStatus>, before: Partial<SyncthingNodeStatus> = {}) {
    return concernedByNode({ kind: 'changed', before: node('n1', before), object: node('n1', given) });
  }

  test.each([
    ['a heartbeat', { heartbeat: at(10_000) }],
    ['free bytes', { capacity: { totalBytes: 1, freeBytes: 1 } }],
    ['orphans', { orphans: ['x'] }],
    ["Syncthing's version", { syncthing: { ready: true, version: 'v2.2.0' } }],
  ])('%s concerns nobody', (_what, given) => {
    expect(changed(given)).toEqual(NOBODY);
  });

  test('a request concerns its volume, when it comes, changes and goes', () => {
    const concerned = { volumes: { names: [VOLUME] }, nodes: false };
    expect(changed(asks())).toEqual(concerned);
    expect(changed({}, asks())).toEqual(concerned);
    expect(changed(asks({ epoch: 2, session: 1 }), asks())).toEqual(concerned);
    expect(changed({ ...asks(), heartbeat: at(1) }, asks())).toEqual(NOBODY);
  });

  test.each([
    ['another disk', { storeId: 'new' }, false],
    ['a fence', { fenced: ['n2'] }, false],
    ['Syncthing gone', { syncthing: { ready: false, version: '' } }, false],
  ])('%s concerns the volumes of the node', (_what, given, nodes) => {
    expect(changed(given)).toEqual({ volumes: { names: [], of: 'n1' }, nodes });
  });

  test.each([
    ['addresses', { addresses: ['tcp://10.0.0.9:1'] }],
    ['tombstones done', { tombstonesDone: ['f'] }],
  ])('%s concern the nodes', (_what, given) => {
    expect(changed(given)).toEqual({ volumes: { names: [] }, nodes: true });
  });

  test('whether copies may be placed there concerns all volumes', () => {
    expect(changed({ unfit: 'full' })).toEqual({ volumes: 'all', nodes: false });
    expect(changed({ deviceId: 'other' })).toEqual({ volumes: 'all', nodes: true });
    expect(concernedByNode({ kind: 'added', object: node('n1') })).toEqual({ volumes: 'all', nodes: true });
    expect(concernedByNode({ kind: 'removed', object: node('n1') })).toEqual({ volumes: 'all', nodes: true });
  });
});

describe('a change of a copy', () => {
  const before = replica('n1', ['n2']);

  test('concerns its volume, and the nodes while a fence may come down', () => {
    const object = replica('n1', ['n2'], { status: { folder: folder(['n2'], { needItems: 1 }) } });
    expect(concernedByReplica({ kind: 'changed', before, object }, false)).toEqual({
      volumes: { names: [VOLUME] },
      nodes: false,
    });
    expect(concernedByReplica({ kind: 'changed', before, object }, true).nodes).toBe(true);
    expect(concernedByReplica({ kind: 'removed', object }, false)).toEqual({
      volumes: { names: [VOLUME] },
      nodes: false,
    });
  });

  test('looked at again with the same result, nobody', () => {
    const object = replica('n1', ['n2'], { status: { observedAt: at(9000) } });
    expect(concernedByReplica({ kind: 'changed', before, object }, true)).toEqual({
      volumes: 'none',
      nodes: false,
    });
  });
});

test('a change of a volume concerns it, and the nodes when grant or stale copies moved', () => {
  const before = volume();
  const alone = { volumes: { names: [VOLUME] }, nodes: false };
  const both = { volumes: { names: [VOLUME] }, nodes: true };
  expect(concernedByVolume({ kind: 'changed', before, object: volume({ status: { epoch: 1 } }) })).toEqual(
    alone,
  );
  expect(
    concernedByVolume({ kind: 'changed', before, object: volume({ status: { grant: grantTo('n1', 1) } }) }),
  ).toEqual(both);
  const stale = [{ node: 'n1', storeId: 's', epoch: 1 }];
  expect(concernedByVolume({ kind: 'changed', before, object: volume({ status: { stale } }) })).toEqual(both);
});

describe('a change of a Node object', () => {
  function changed(given: Parameters<typeof clusterNode>[1]) {
    return concernedByClusterNode(
      { kind: 'changed', before: clusterNode('n1'), object: clusterNode('n1', given) },
      STORAGE_LABEL,
    );
  }
  test('the taint concerns what is there, and the fences', () => {
    expect(changed({ outOfService: true })).toEqual({ volumes: { names: [], of: 'n1' }, nodes: true });
  });
  test('the label, a new one and a deleted one concern all', () => {
    expect(changed({ labels: {} })).toEqual({ volumes: 'all', nodes: true });
    expect(concernedByClusterNode({ kind: 'added', object: clusterNode('n1') }, STORAGE_LABEL).volumes).toBe(
      'all',
    );
    expect(
      concernedByClusterNode({ kind: 'removed', object: clusterNode('n1') }, STORAGE_LABEL).volumes,
    ).toBe('all');
  });
  test('other labels, and whether the kubelet is ready, concern nobody', () => {
    expect(changed({ ready: false, labels: { [STORAGE_LABEL]: 'yes', zone: 'a' } })).toEqual({
      volumes: 'none',
      nodes: false,
    });
  });
});
