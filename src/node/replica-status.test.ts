import { describe, expect, test } from 'vitest';
import type {
  FolderReport,
  SyncthingReplica,
  SyncthingReplicaSpec,
  SyncthingReplicaStatus,
} from '../desired/replica.ts';
import { newDiskState, type DiskPhase } from '../handoff/disk-state.ts';
import type { LocalScan, LocalView } from '../handoff/local.ts';
import { defaultHandoffSettings } from '../handoff/settings.ts';
import { nextLookMs } from './next-look.ts';
import { claimsMore, phaseSince, replicaStatus, saysTheSame } from './replica-status.ts';

const NOW = Date.parse('2026-01-01T00:01:00Z');
const BEFORE = '2026-01-01T00:00:00.000Z';
const peer = { node: 'n2', deviceId: 'D2', connected: true, knownSequence: 5, remoteNeedEmpty: true };
const folder: FolderReport = {
  state: 'idle',
  type: 'receiveonly',
  sequence: 5,
  needItems: 0,
  needBytes: 0,
  receiveOnlyItems: 0,
  errors: 0,
  messages: [],
  scanned: true,
  peers: [peer],
};
const order: SyncthingReplicaSpec = {
  volume: 'v',
  folderId: 'f',
  node: 'n1',
  label: 'l',
  role: 'data',
  epoch: 1,
  type: 'sendreceive',
  peers: [],
  base: { kind: 'empty', epoch: 0, session: 0, holders: [] },
  grant: { epoch: 1, node: 'n1', storeId: 'store', since: BEFORE },
};
const scan: LocalScan = {
  epoch: 1,
  session: 2,
  sequence: 5,
  startedAt: BEFORE,
  afterUnmount: false,
  proves: true,
  finishedAt: NOW - 10_000,
  durationMs: 100,
};

function view(phase: DiskPhase, given: Partial<LocalView> = {}): LocalView {
  const state = { ...newDiskState({ volume: 'v', folderId: 'f', storeId: 'store' }), phase };
  return {
    node: 'n1',
    state,
    order,
    podMounts: [],
    stagingMounts: [],
    folder,
    changedSinceScan: false,
    isWanted: false,
    isWantedToRead: false,
    isAwaitingPublish: false,
    isPeerLeaving: false,
    now: NOW,
    settings: defaultHandoffSettings,
    ...given,
  };
}

function replica(status?: SyncthingReplicaStatus): SyncthingReplica {
  const identity = { name: 'v.n1', uid: 'u', resourceVersion: '1', generation: 3, finalizers: [] };
  return { ...identity, spec: order, ...(status !== undefined && { status }) };
}

function statusOf(given: LocalView, before?: SyncthingReplicaStatus): SyncthingReplicaStatus {
  return replicaStatus({ view: given, record: { removed: false }, replica: replica(before) });
}

const writer: DiskPhase = { kind: 'writer', epoch: 1, session: 2 };

describe('the report of a copy', () => {
  test('what an earlier life of the process applied still stands, on the same disk alone', () => {
    const before = { ...statusOf(view({ kind: 'replica' })), generation: 3, epoch: 1 };
    expect(statusOf(view({ kind: 'replica' }), before)).toMatchObject({ generation: 3, epoch: 1 });
    const other = { ...before, storeId: 'other' };
    expect(statusOf(view({ kind: 'replica' }), other)).toMatchObject({ generation: 0, epoch: 0 });
  });

  test.each([
    ['the granted writer', view(writer, { podMounts: ['/pod'] }), []],
    [
      'a released one',
      view({ kind: 'released', epoch: 1, session: 2, scan }, { podMounts: ['/pod'] }),
      ['/pod'],
    ],
  ])('mounts of %s', (_, given, mounts) => {
    expect(statusOf(given).mounts).toEqual(mounts);
  });

  const ends: readonly (readonly [string, DiskPhase, string | undefined])[] = [
    ['released', { kind: 'released', epoch: 1, session: 2, scan }, 'flushing'],
    ['untouched', { kind: 'untouched', epoch: 1 }, undefined],
  ];
  test.each(ends)(
    '%s is told once the folder is seen to be a receiver, and stays told',
    (kind, phase, before) => {
      function told(given: Partial<LocalView>, isUnseen = false, written?: SyncthingReplicaStatus) {
        const input = { view: view(phase, given), record: { removed: false }, isUnseen };
        return replicaStatus({ ...input, replica: replica(written) }).writer?.phase;
      }
      const receiver = { ...folder, type: 'receiveonly' as const };
      expect(told({ folder: { ...folder, type: 'sendreceive' } })).toBe(before);
      expect(told({}, true)).toBe(before);
      expect(told({ folder: receiver })).toBe(kind);
      const written = replicaStatus({
        view: view(phase, { folder: receiver }),
        record: { removed: false },
        replica: replica(),
      });
      expect(told({}, true, written)).toBe(kind);
      expect(told({}, true, { ...written, storeId: 'another' })).toBe(before);
      const { grant: _, ...ended } = order;
      expect(told({ folder: { ...folder, type: 'sendreceive' }, order: ended })).toBe(kind);
    },
  );

  test('mounts of a reader are what is meant, until its right is another, or the volume is removed', () => {
    const since = '2026-01-02T03:04:05.000Z';
    const reader = { node: 'n1', storeId: 'store', since };
    const { grant: _, ...ungranted } = order;
    const given = view(
      { kind: 'replica' },
      { podMounts: ['/pod'], order: { ...ungranted, node: 'n1', reader } },
    );
    const reading = { ...given, state: { ...given.state, reading: { since, phase: 'reading' as const } } };
    expect(statusOf(reading)).toMatchObject({ mounts: [], reader: { since, phase: 'reading' } });
    expect(statusOf({ ...reading, order: ungranted }).mounts).toEqual(['/pod']);
    expect(statusOf({ ...reading, order: { ...ungranted, reader, removal: 'delete' } }).mounts).toEqual([
      '/pod',
    ]);
    const ended = { ...given, state: { ...given.state, reading: { since, phase: 'ended' as const } } };
    expect(statusOf(ended)).toMatchObject({ mounts: ['/pod'], reader: { phase: 'ended' } });
  });

  test('mounts of a writer whose grant is gone, or whose volume is removed, are in the way', () => {
    const { grant: _, ...ungranted } = order;
    expect(statusOf(view(writer, { podMounts: ['/pod'], order: ungranted })).mounts).toEqual(['/pod']);
    const removed = { ...order, removal: 'delete' as const };
    expect(statusOf(view(writer, { podMounts: ['/pod'], order: removed })).mounts).toEqual(['/pod']);
  });

  test.each([
    ['attached', view(writer, { podMounts: ['/pod'], scan }), 'attached', true],
    ['flushing', view(writer, { scan }), 'flushing', true],
    ['of an earlier session', view(writer, { scan: { ...scan, session: 1 } }), 'flushing', false],
    ['that proves nothing', view(writer, { scan: { ...scan, proves: false } }), 'flushing', false],
    ['released', view({ kind: 'released', epoch: 1, session: 2, scan }), 'released', true],
    ['untouched', view({ kind: 'untouched', epoch: 1 }), 'untouched', false],
  ])('a writer with a scan, %s', (_, given, phase, hasScan) => {
    const report = statusOf(given).writer;
    expect(report?.phase).toBe(phase);
    expect(report?.scan !== undefined).toBe(hasScan);
  });

  test('a released scan is one that was made after the unmount', () => {
    const released = view({ kind: 'released', epoch: 1, session: 2, scan });
    expect(statusOf(released).writer?.scan).toMatchObject({
      epoch: 1,
      session: 2,
      sequence: 5,
      afterUnmount: true,
    });
  });

  test('names what arrives nowhere else until the next flush of the node, also after a restart', () => {
    const record = { removed: false, uncarried: { epoch: 1, paths: ['dev/null'] } };
    const found = replicaStatus({ view: view(writer), record, replica: replica() });
    expect(found.writer?.uncarried).toEqual(['dev/null']);
    expect(statusOf(view({ ...writer, session: 3 }), found).writer?.uncarried).toEqual(['dev/null']);
    expect(statusOf(view({ ...writer, epoch: 2 }), found).writer).not.toHaveProperty('uncarried');
    const none = { removed: false, uncarried: { epoch: 1, paths: [] } };
    const later = replicaStatus({ view: view(writer), record: none, replica: replica(found) });
    expect(later.writer).not.toHaveProperty('uncarried');
  });

  test('a phase lasts over restarts, a new session begins a new one', () => {
    const first = phaseSince(view(writer), {}, replica());
    expect(first?.since).toBe(new Date(NOW).toISOString());
    const before = {
      ...statusOf(view(writer)),
      writer: { epoch: 1, session: 2, phase: 'flushing' as const, switched: false, since: BEFORE },
    };
    expect(phaseSince(view(writer), {}, replica(before))?.since).toBe(BEFORE);
    const next = view({ kind: 'writer', epoch: 1, session: 3 });
    expect(
      phaseSince(next, { phase: { key: '1/2/flushing', since: BEFORE } }, replica(before))?.since,
    ).not.toBe(BEFORE);
  });

  test('a rejoin is told from its archive to its end', () => {
    const rejoining = { kind: 'rejoining', epoch: 4, archive: '/a' } as const;
    expect(statusOf(view({ ...rejoining, step: 'archiving' })).rejoin).toBeUndefined();
    expect(statusOf(view({ ...rejoining, step: 'archived' })).rejoin).toEqual({
      epoch: 4,
      step: 'archived',
      archive: '/a',
    });
    const done = view({ kind: 'replica' });
    const kept = { ...done, state: { ...done.state, rejoined: { epoch: 4, archive: '/a' } } };
    expect(statusOf(kept).rejoin).toEqual({ epoch: 4, step: 'done', archive: '/a' });
    const empty = { ...done, state: { ...done.state, rejoined: { epoch: 4, archive: '' } } };
    expect(statusOf(empty).rejoin).toEqual({ epoch: 4, step: 'done' });
    const again = view({ ...rejoining, epoch: 5, step: 'archived', archive: '/b', earlier: ['/c'] });
    expect(statusOf({ ...again, state: { ...kept.state, ...again.state } }).rejoin).toEqual({
      epoch: 5,
      step: 'archived',
      archive: '/b',
      earlier: ['/a', '/c'],
    });
  });

  test('time alone is no news', () => {
    const one = statusOf(view(writer));
    expect(saysTheSame(one, { ...one, observedAt: 'later' })).toBe(true);
    expect(saysTheSame(one, { ...one, highestEpoch: 9 })).toBe(false);
  });
});

describe('what has to be on the disk before it is claimed', () => {
  const base = statusOf(view({ kind: 'replica' }));
  function withFolder(change: Partial<FolderReport>): SyncthingReplicaStatus {
    return { ...base, folder: { ...folder, ...change } };
  }
  test.each([
    ['nothing new', base, false],
    ['a higher sequence that a peer has', withFolder({ sequence: 6 }), true],
    [
      'a higher sequence that no peer has yet',
      withFolder({ sequence: 6, peers: [{ ...peer, remoteNeedEmpty: false }] }),
      false,
    ],
    ["more of the peer's index, complete", withFolder({ peers: [{ ...peer, knownSequence: 6 }] }), true],
    [
      "more of the peer's index, incomplete",
      withFolder({ needItems: 1, peers: [{ ...peer, knownSequence: 6, remoteNeedEmpty: false }] }),
      false,
    ],
    [
      'another peer that has all',
      withFolder({ peers: [peer, { ...peer, deviceId: 'D3', node: 'n3' }] }),
      true,
    ],
    ['no folder', statusWithout(base), false],
  ])('%s: %s', (_, next, isMore) => {
    expect(claimsMore(base, next)).toBe(isMore);
  });

  test('a copy that became complete, a new scan, and anything first said of this disk', () => {
    expect(claimsMore(withFolder({ needItems: 1 }), base)).toBe(true);
    const scanned = statusOf(view(writer, { scan }));
    expect(claimsMore(statusOf(view(writer)), scanned)).toBe(true);
    expect(claimsMore(scanned, scanned)).toBe(false);
    expect(claimsMore(undefined, base)).toBe(true);
    expect(claimsMore({ ...base, storeId: 'other' }, base)).toBe(true);
  });
});

function statusWithout(status: SyncthingReplicaStatus): SyncthingReplicaStatus {
  const { folder: _, ...rest } = status;
  return rest;
}

describe('when to look again', () => {
  const facts = { isSeen: true, startsIn: 0 };
  test.each([
    ['a settled copy', view({ kind: 'replica' }), facts, 30_000],
    ['Syncthing away', view({ kind: 'replica' }), { ...facts, isSeen: false }, 1_000],
    ['a flush', view(writer), facts, 1_000],
    [
      'a copy that receives',
      view({ kind: 'replica' }, { folder: { ...folder, needItems: 1 } }),
      facts,
      1_000,
    ],
    ['a wanted volume', view({ kind: 'replica' }, { isWanted: true }), facts, 1_000],
    ['a job that failed', view({ kind: 'replica' }), { ...facts, startsIn: 7_000 }, 7_000],
    [
      'changes of a pod, due for a scan',
      view(writer, { podMounts: ['/p'], scan: { ...scan, finishedAt: NOW - 2_000 }, changedSinceScan: true }),
      facts,
      3_000,
    ],
  ])('%s', (_, given, given2, expected) => {
    expect(nextLookMs(given, given2)).toBe(expected);
  });
});
