import { describe, expect, test } from 'vitest';
import {
  SILENT,
  asks,
  at,
  clusterNode,
  deviceOf,
  folder,
  grantTo,
  node,
  peer,
  replica,
  storeOf,
  view,
  volume,
  type ReplicaGiven,
  type ViewGiven,
} from '../../test/builders/volume-view.ts';
import { membersOf } from './members.ts';
import { peersOf } from './peers.ts';
import type { ReplicaRole } from './replica.ts';
import type { SyncthingVolumeStatus } from './volume.ts';

interface Given extends Partial<ViewGiven> {
  readonly roles?: Readonly<Record<string, ReplicaRole>>;
  readonly copies?: Readonly<Record<string, ReplicaGiven>>;
  readonly status?: Partial<SyncthingVolumeStatus>;
}

type Lists = Readonly<Record<string, readonly string[]>>;

/** What each orders next, where the orders of now are `listed` and all of them are carried out. */
function step(names: readonly string[], given: Given, listed: Lists): Lists {
  const replicas = names.map((name) => {
    const { spec, ...rest } = given.copies?.[name] ?? {};
    return replica(name, listed[name] ?? [], {
      spec: { role: given.roles?.[name] ?? 'data', ...spec },
      ...rest,
    });
  });
  const seen = view({ volume: volume({ status: given.status ?? {} }), replicas, ...given });
  const placed = names.filter((name) => given.roles?.[name] !== 'client');
  const members = membersOf(seen, new Set(placed));
  return Object.fromEntries(
    members.map((member) => [member.node, peersOf(seen, member, members).map((each) => each.node)]),
  );
}

/** Peers by node when nothing changes any more; `listed`: what every copy lists at first. */
function lists(
  names: readonly string[],
  given: Given = {},
  listed: readonly string[] = [],
): Readonly<Record<string, string>> {
  let now: Lists = Object.fromEntries(names.map((name) => [name, listed]));
  for (let round = 0; round < 4; round += 1) now = step(names, given, now);
  expect(step(names, given, now)).toEqual(now);
  return Object.fromEntries(Object.entries(now).map(([name, peers]) => [name, peers.join()]));
}

const UNREPORTED = { status: null };

describe('who lists whom', () => {
  test('data copies list each other, by their devices', () => {
    expect(lists(['n1', 'n2', 'n3'])).toEqual({ n1: 'n2,n3', n2: 'n1,n3', n3: 'n1,n2' });
    const seen = view({ replicas: [replica('n1', ['n2']), replica('n2', ['n1'])] });
    const members = membersOf(seen, new Set(['n1', 'n2']));
    const [first] = members;
    expect(first && peersOf(seen, first, members)).toEqual([{ node: 'n2', deviceId: deviceOf('n2') }]);
  });

  describe('one that joins', () => {
    const names = ['n1', 'n2', 'n3'];
    const before = { n1: ['n2'], n2: ['n1'], n3: [] };
    const empty = { copies: { n3: { status: { folder: folder([], { sequence: 0 }) } } } };

    test.each(['data', 'client'] as const)('as %s copy: folder, then peers, then its own list', (role) => {
      const joining = { roles: { n3: role } };
      expect(step(names, { ...joining, copies: { n3: UNREPORTED } }, before)).toEqual(before);
      const shared = { n1: ['n2', 'n3'], n2: ['n1', 'n3'], n3: [] };
      expect(step(names, { ...joining, ...empty }, before)).toEqual(shared);
      expect(step(names, { ...joining, ...empty }, shared)).toEqual({ ...shared, n3: ['n1', 'n2'] });
    });

    describe('while one has not carried out yet that it lists it', () => {
      const shared = { n1: ['n2', 'n3'], n2: ['n1', 'n3'], n3: [] };
      const late = { copies: { ...empty.copies, n2: { generation: 2 } } };

      test('waits for that one', () => {
        expect(step(names, late, shared)).toEqual(shared);
      });

      test('goes on without one that does not answer', () => {
        const away = { ...late, nodes: [node('n2', SILENT)] };
        expect(step(names, away, shared)).toEqual({ ...shared, n3: ['n1'] });
      });

      test('goes on with the others when it waits long', () => {
        const asking = (ms: number) => ({ ...late, nodes: [node('n3', asks(undefined, at(-ms)))] });
        expect(step(names, asking(4_000), shared)).toEqual(shared);
        expect(step(names, asking(6_000), shared)).toEqual({ ...shared, n3: ['n1'] });
      });
    });
  });

  test('two that are both new list each other at once', () => {
    expect(lists(['n1', 'n2'], { copies: { n1: UNREPORTED, n2: UNREPORTED } })).toEqual({
      n1: 'n2',
      n2: 'n1',
    });
  });

  test('one that is listed stays listed while its folder is away for a moment', () => {
    const listed = { n1: ['n2', 'n3'], n2: ['n1', 'n3'], n3: ['n1', 'n2'] };
    expect(step(['n1', 'n2', 'n3'], { copies: { n3: UNREPORTED } }, listed)).toEqual(listed);
    expect(lists(['n1', 'n2', 'n3'], { copies: { n3: UNREPORTED } }, ['n3'])).toMatchObject({
      n1: 'n2,n3',
      n2: 'n1,n3',
    });
  });

  test('one whose device is not known is listed by nobody', () => {
    expect(lists(['n1', 'n2'], { nodes: [node('n2', { deviceId: '' })] })).toEqual({ n1: '', n2: '' });
  });

  test('clients list data copies only', () => {
    expect(lists(['n1', 'n2', 'n3'], { roles: { n2: 'client', n3: 'client' } })).toEqual({
      n1: 'n2,n3',
      n2: 'n1',
      n3: 'n1',
    });
  });

  test('while one writes, clients that wait share with the others', () => {
    const given = { roles: { n3: 'client' as const }, status: { epoch: 1, grant: grantTo('n1', 1) } };
    expect(lists(['n1', 'n2', 'n3'], given)).toEqual({ n1: 'n2', n2: 'n1,n3', n3: 'n2' });
    const client = { roles: { n3: 'client' as const }, status: { epoch: 1, grant: grantTo('n3', 1) } };
    expect(lists(['n1', 'n2', 'n3'], client)).toEqual({ n1: 'n2,n3', n2: 'n1,n3', n3: 'n1,n2' });
  });

  test('while one writes, clients that wait share with nobody who is older than the base', () => {
    const holder = { node: 'n1', storeId: storeOf('n1'), sequence: 1 };
    const base = { kind: 'handoff' as const, epoch: 1, session: 1, holders: [holder] };
    const status = { epoch: 2, grant: grantTo('n1', 2), base };
    expect(lists(['n1', 'n2', 'n3'], { roles: { n3: 'client' as const }, status })).toMatchObject({
      n2: 'n1',
      n3: '',
    });
    const held = { node: 'n2', storeId: storeOf('n2'), sequence: 1 };
    const proven = {
      epoch: 2,
      session: 1,
      sequence: 1,
      scanStartedAt: '2026-01-01T00:00:00Z',
      holders: [held],
    };
    const caughtUp = { roles: { n3: 'client' as const }, status: { ...status, proven } };
    expect(lists(['n1', 'n2', 'n3'], caughtUp)).toMatchObject({ n2: 'n1,n3', n3: 'n2' });
  });

  test('a writer that is lost for this volume is out with its disk, under whatever name', () => {
    const storeId = storeOf('n1');
    const status = { epoch: 1, grant: grantTo('n1', 1) };
    const given = {
      volume: volume({ spec: { forceDetach: { epoch: 1 } }, status }),
      copies: { n9: { status: { storeId } } },
      nodes: [node('n9', { storeId })],
      clusterNodes: [clusterNode('n1')],
    };
    expect(lists(['n2', 'n3', 'n9'], given)).toEqual({ n2: 'n3', n3: 'n2', n9: '' });
  });

  test('nobody lists one that leaves, and it lists nobody', () => {
    const status = { leaving: { node: 'n2', storeId: storeOf('n2') } };
    expect(lists(['n1', 'n2', 'n3'], { status })).toEqual({ n1: 'n3', n2: '', n3: 'n1' });
    const removal = { copies: { n2: { spec: { removal: 'leave' as const } } } };
    expect(lists(['n1', 'n2', 'n3'], removal)).toEqual({ n1: 'n3', n2: '', n3: 'n1' });
  });

  describe('a stale copy', () => {
    const status = { epoch: 3, stale: [{ node: 'n2', storeId: storeOf('n2'), epoch: 3 }] };
    test.each([
      ['has not begun', undefined, false],
      ['made way for an earlier lineage', { epoch: 2, step: 'archived' as const }, false],
      ['made way', { epoch: 3, step: 'archived' as const }, true],
      ['is done', { epoch: 3, step: 'done' as const }, true],
    ])('that %s', (_what, rejoin, isShared) => {
      const copies = { n2: { status: rejoin === undefined ? {} : { rejoin } } };
      const expected = isShared ? { n1: 'n2', n2: 'n1' } : { n1: '', n2: '' };
      expect(lists(['n1', 'n2'], { status, copies }, ['n1', 'n2'])).toEqual(expected);
    });

    test.each([
      ['has not switched its folder', { switched: false, epoch: 4 }, false],
      ['reports of its last epoch', { switched: true, epoch: 2 }, false],
      ['has switched', { switched: true, epoch: 4 }, true],
    ])('made way, and the writer %s', (_what, report, isShared) => {
      const writer = { session: 1, phase: 'attached' as const, since: at(-1000), ...report };
      const copies = {
        n1: { status: { writer } },
        n2: { status: { rejoin: { epoch: 3, step: 'archived' as const } } },
      };
      const given = { status: { ...status, epoch: 4, grant: grantTo('n1', 4) }, copies };
      const expected = isShared ? { n1: 'n2', n2: 'n1' } : { n1: '', n2: '' };
      expect(lists(['n1', 'n2'], given, ['n1', 'n2'])).toEqual(expected);
    });

    test.each([
      ['has not begun', undefined, { n1: '', n3: '' }],
      ['made way', { epoch: 3, step: 'archived' as const }, { n1: 'n3', n3: 'n1' }],
    ])('under the name of another node that %s', (_what, rejoin, expected) => {
      const storeId = storeOf('n2');
      const copies = { n3: { status: { storeId, ...(rejoin && { rejoin }) } } };
      const given = { status, copies, nodes: [node('n3', { storeId })] };
      expect(lists(['n1', 'n3'], given, ['n1', 'n3'])).toEqual(expected);
    });

    test('on another disk is an ordinary one', () => {
      const given = {
        status,
        nodes: [node('n2', { storeId: 'new' })],
        copies: { n2: { status: { storeId: 'new' } } },
      };
      expect(lists(['n1', 'n2'], given)).toEqual({ n1: 'n2', n2: 'n1' });
    });
  });

  describe('an index that a copy knows wrongly (handoff rule 16)', () => {
    const LONG_AGO = at(-31_000);
    const rolledBack = {
      observedAt: LONG_AGO,
      folder: folder(['n2'], { peers: [peer('n2', { remoteNeedEmpty: false })] }),
    };
    const satisfied = { observedAt: LONG_AGO, folder: folder(['n1']) };

    function listedBy(n2: string, given: Given): string {
      return step(['n1', 'n2'], given, { n1: ['n2'], n2: ['n1'] })[n2]?.join() ?? '';
    }

    test('is forgotten by both, which share anew', () => {
      const copies = { n1: { status: rolledBack }, n2: { status: satisfied } };
      expect(listedBy('n2', { copies })).toBe('');
      expect(listedBy('n1', { copies })).toBe('');
    });

    test.each([0, 9])('is one of which only %i entries came as well', (knownSequence) => {
      const folderOf = { ...satisfied, folder: folder(['n1'], { peers: [peer('n1', { knownSequence })] }) };
      const copies = { n1: { status: rolledBack }, n2: { status: folderOf } };
      expect(listedBy('n2', { copies })).toBe('');
    });

    test('is shared again when the report says that it was not', () => {
      const nobody = { status: { folder: folder([]) } };
      const still = { status: { folder: folder(['n2']) } };
      const none = { n1: [], n2: [] };
      expect(step(['n1', 'n2'], { copies: { n1: still, n2: nobody } }, none)['n1']).toEqual([]);
      expect(step(['n1', 'n2'], { copies: { n1: nobody, n2: nobody } }, none)['n1']).toEqual(['n2']);
    });

    test.each([
      ['the reports are of a moment ago', { ...rolledBack, observedAt: at(-1000) }, satisfied],
      [
        'the copy knows that it lacks something',
        rolledBack,
        { ...satisfied, folder: folder(['n1'], { needItems: 1 }) },
      ],
      ['nothing is owed', { ...rolledBack, folder: folder(['n2']) }, satisfied],
      [
        'they are not connected',
        rolledBack,
        { ...satisfied, folder: folder(['n1'], { peers: [peer('n1', { connected: false })] }) },
      ],
    ])('not where %s', (_what, n1, n2) => {
      expect(listedBy('n2', { copies: { n1: { status: n1 }, n2: { status: n2 } } })).toBe('n1');
    });

    test('is forgotten by the writer too: its flush would wait for ever', () => {
      const copies = { n1: { status: rolledBack }, n2: { status: satisfied } };
      expect(listedBy('n2', { copies, status: { grant: grantTo('n2', 1) } })).toBe('');
      expect(listedBy('n1', { copies, status: { grant: grantTo('n2', 1) } })).toBe('');
    });
  });
});
