import { describe, expect, test } from 'vitest';
import {
  at,
  EMPTY_BASE,
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
  VOLUME_ID,
  type ViewGiven,
} from '../../test/builders/volume-view.ts';
import { membersOf } from './members.ts';
import { orderOf } from './orders.ts';
import type { FolderReport, SyncthingReplicaSpec } from './replica.ts';
import type { SyncthingVolumeSpec, SyncthingVolumeStatus } from './volume.ts';

const ALL = ['n1', 'n2', 'n3'];

interface Given extends Partial<ViewGiven> {
  readonly spec?: Partial<SyncthingVolumeSpec>;
  readonly status?: Partial<SyncthingVolumeStatus>;
}

function orderFor(name: string, given: Given = {}): SyncthingReplicaSpec {
  const replicas = ALL.map((each) => replica(each, ALL));
  const seen = view({
    volume: volume({ spec: given.spec ?? {}, status: { epoch: 2, base: handoffBase(ALL), ...given.status } }),
    replicas,
    ...given,
  });
  const members = membersOf(seen, new Set(ALL));
  const member = members.find((each) => each.node === name);
  if (member === undefined) throw new Error(`no member ${name}`);
  return orderOf(seen, member, members);
}

describe('the order for a copy', () => {
  test('of a detached volume', () => {
    expect(orderFor('n1')).toEqual({
      volume: 'v-aaaaaaaaaaaaaaaa',
      folderId: VOLUME_ID,
      node: 'n1',
      label: 'pvc-1',
      role: 'data',
      epoch: 2,
      type: 'receiveonly',
      peers: [
        { node: 'n2', deviceId: 'DEVICE-n2' },
        { node: 'n3', deviceId: 'DEVICE-n3' },
      ],
      base: handoffBase(ALL),
    });
  });

  test('tells a reader of its right, and nobody else', () => {
    const status = { readers: [readerOn('n2'), readerOn('n3')] };
    expect(ALL.map((name) => orderFor(name, { status }).reader)).toEqual([
      undefined,
      readerOn('n2'),
      readerOn('n3'),
    ]);
    expect(ALL.map((name) => orderFor(name, { status }).type)).toEqual(ALL.map(() => 'receiveonly'));
  });

  test('is named after the claim where there is one', () => {
    expect(orderFor('n1', { spec: { claim: { namespace: 'default', name: 'data' } } }).label).toBe(
      'default/data',
    );
  });

  test('says to all who writes, and writer type to that one alone', () => {
    const status = { grant: grantTo('n2', 2) };
    expect(ALL.map((name) => orderFor(name, { status }).type)).toEqual([
      'receiveonly',
      'sendreceive',
      'receiveonly',
    ]);
    expect(ALL.map((name) => orderFor(name, { status }).grant)).toEqual(ALL.map(() => grantTo('n2', 2)));
  });

  describe('gives a new writer its type', () => {
    function typeOf(listed: readonly string[], given: Given & { readonly since?: number } = {}): string {
      const grant = { ...grantTo('n2', 2), since: at(given.since ?? -1000) };
      const replicas = ALL.map((each) =>
        replica(each, each === 'n2' ? listed : ALL, {
          generation: each === 'n1' && !listed.includes('n1') ? 2 : 1,
        }),
      );
      return orderFor('n2', { replicas, status: { grant }, ...given }).type;
    }

    test('when it lists all who are to share: a restart before it would forget what they offered', () => {
      expect(typeOf(ALL)).toBe('sendreceive');
      expect(typeOf(['n3'])).toBe('receiveonly');
    });

    test('without those who do not answer, and after a while without those who are slow', () => {
      expect(typeOf(['n3'], { nodes: [node('n1', SILENT)] })).toBe('sendreceive');
      expect(typeOf(['n3'], { since: -5000 })).toBe('sendreceive');
    });
  });

  test('tells the writer alone that its last scan is held', () => {
    const scan = { epoch: 2, session: 1, sequence: 10, startedAt: at(-5000), afterUnmount: true };
    const writer = {
      epoch: 2,
      session: 1,
      phase: 'flushing' as const,
      since: at(-5000),
      switched: true,
      scan,
    };
    const replicas = ALL.map((name) => replica(name, ALL, name === 'n1' ? { status: { writer } } : {}));
    const proven = {
      epoch: 2,
      session: 1,
      sequence: 10,
      scanStartedAt: at(-5000),
      holders: ALL.map((each) => holder(each)),
    };
    const status = { grant: grantTo('n1', 2), proven };
    expect(orderFor('n1', { status, replicas }).proven).toEqual({ epoch: 2, session: 1, sequence: 10 });
    expect(orderFor('n2', { status, replicas }).proven).toBeUndefined();
    const earlier = { ...status, proven: { ...proven, sequence: 9 } };
    expect(orderFor('n1', { status: earlier, replicas }).proven).toBeUndefined();
  });

  test('never falls back in epochs, also when the volume was restored from an old backup', () => {
    const replicas = ALL.map((name) => replica(name, ALL, { spec: { epoch: 9 } }));
    expect(orderFor('n1', { replicas }).epoch).toBe(9);
  });

  test('rejoin is for the stale copy on that disk', () => {
    const status = { stale: [{ node: 'n2', storeId: storeOf('n2'), epoch: 2 }] };
    expect(orderFor('n2', { status })).toMatchObject({ rejoin: { epoch: 2 }, peers: [] });
    expect(orderFor('n1', { status }).rejoin).toBeUndefined();
    expect(orderFor('n2', { status, nodes: [node('n2', { storeId: 'new' })] }).rejoin).toBeUndefined();
    const moved = [node('n2', { storeId: 'new' }), node('n3', { storeId: storeOf('n2') })];
    expect(orderFor('n3', { status, nodes: moved }).rejoin).toEqual({ epoch: 2 });
  });

  test.each(['delete', 'archive'] as const)('a volume that goes: %s, shared with nobody', (onDelete) => {
    const order = orderFor('n1', { spec: { onDelete, deletion: { requestedAt: at(0) } } });
    expect(order).toMatchObject({ removal: onDelete, peers: [] });
  });
});

describe('the order to leave', () => {
  const status = { leaving: { node: 'n2', storeId: storeOf('n2') } };
  function others(applied: boolean, listed: readonly string[]) {
    return ALL.map((name) => {
      const report = { folder: folder([]), generation: applied ? 2 : 1 };
      return replica(name, name === 'n2' ? [] : listed, { generation: 2, status: report });
    });
  }

  test('comes when nobody lists the copy any more, and has applied that', () => {
    expect(orderFor('n2', { status, replicas: others(true, ['n1', 'n3']) }).removal).toBe('leave');
    expect(orderFor('n2', { status, replicas: others(true, ALL) }).removal).toBeUndefined();
    expect(orderFor('n2', { status, replicas: others(false, ['n1', 'n3']) }).removal).toBeUndefined();
  });

  test('does not wait for a node that is off', () => {
    const nodes = [node('n3', SILENT)];
    const replicas = [...others(true, ['n1', 'n3']).slice(0, 2), replica('n3', ALL)];
    expect(orderFor('n2', { status, replicas, nodes }).removal).toBe('leave');
  });

  test('is not taken back once it was given, and is for no other copy', () => {
    const replicas = ALL.map((name) =>
      replica(name, ALL, name === 'n2' ? { spec: { removal: 'leave' } } : {}),
    );
    expect(orderFor('n2', { status, replicas }).removal).toBe('leave');
    expect(orderFor('n1', { status, replicas: others(true, ['n1', 'n3']) }).removal).toBeUndefined();
  });
});

describe('local changes may be taken back', () => {
  function mayRevert(others: Partial<FolderReport>, given: Given = {}): boolean {
    const copies = ALL.map((each) => {
      const changes = each === 'n1' ? { receiveOnlyItems: 2 } : others;
      return replica(each, ALL, { status: { folder: folder(ALL, changes) } });
    });
    return orderFor('n1', { replicas: copies, ...given }).mayRevert === true;
  }

  test('from another holder that is intact', () => expect(mayRevert({})).toBe(true));

  test.each([
    ['each holder has some of its own', { receiveOnlyItems: 1 }, {}],
    ['the databases of the others were lost', { sequence: 1 }, {}],
    ['the others do not answer', {}, { nodes: [node('n2', SILENT), node('n3', SILENT)] }],
    ['it is the only holder', {}, { status: { base: handoffBase(['n1']) } }],
    ['it writes', {}, { status: { grant: grantTo('n1', 2) } }],
  ])('not where %s', (_what, others, given) => {
    expect(mayRevert(others, given)).toBe(false);
  });

  test('from the writer, also where nothing was handed off yet', () => {
    const status = { base: EMPTY_BASE, grant: grantTo('n2', 2) };
    expect(mayRevert({}, { status })).toBe(true);
    expect(mayRevert({ errors: 1 }, { status })).toBe(false);
  });

  test('is not said of a copy without any', () => {
    expect(orderFor('n2')).not.toHaveProperty('mayRevert');
  });
});
