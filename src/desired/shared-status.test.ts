import { describe, expect, test } from 'vitest';
import {
  at,
  expelledNode,
  folder,
  node,
  replica,
  sharedBase,
  SILENT,
  view,
  volume,
  writerOn,
  writes,
  type ViewGiven,
} from '../../test/builders/volume-view.ts';
import type { SyncthingReplicaStatus } from './replica.ts';
import { defaultHandoffSettings } from '../handoff/settings.ts';
import { membersOf } from './members.ts';
import { conflictsOf, isConflictName, sharedThrough, withConflicts, withWriters } from './shared-status.ts';
import type { SyncthingVolumeSpec, SyncthingVolumeStatus } from './volume.ts';
import { nextStatus } from './volume-status.ts';

const ALL = ['n1', 'n2', 'n3'];

interface Given extends Partial<ViewGiven> {
  readonly spec?: Partial<SyncthingVolumeSpec>;
  readonly status?: Partial<SyncthingVolumeStatus>;
  readonly reports?: Readonly<Record<string, Partial<SyncthingReplicaStatus>>>;
}

function shared({ spec, status, reports = {}, ...given }: Given = {}) {
  const replicas = ALL.map((name) =>
    replica(name, ALL, { spec: { access: 'eventual' }, status: reports[name] ?? {} }),
  );
  const base = sharedBase(['n1', 'n2']);
  return view({
    volume: volume({ spec: { access: 'eventual', ...spec }, status: { base, ...status } }),
    replicas,
    ...given,
  });
}

test.each([
  ['file.sync-conflict-20260102-030405-ABCDEF2.txt', true],
  ['file.sync-conflict-20260102-030405-ABCDEF2', true],
  ['a/b.c/.hidden.sync-conflict-20260102-030405-ABCDEF2.d', true],
  ['file.sync-conflict-20260102-030405.txt', true],
  ['sync-conflict-20260102-030405-ABCDEF2.txt', false],
  ['file.sync-conflict-notes.txt', false],
  ['a.sync-conflict-20260102-030405-ABCDEF2.d/file', false],
  ['file.txt', false],
])('%s: %s', (path, expected) => {
  expect(isConflictName(path)).toBe(expected);
});

describe('conflict copies', () => {
  const [older, newer] = [
    'z.sync-conflict-20260102-030405-ABCDEFG.txt',
    'dir/a.sync-conflict-20260103-030405-ABCDEFG.txt',
  ];

  test('the latest come first, and ten are named', () => {
    expect(conflictsOf([])).toBeUndefined();
    expect(conflictsOf([older, newer])).toEqual({ count: 2, names: [newer, older] });
    const many = Array.from({ length: 12 }, (_, day) => `f.sync-conflict-202601${10 + day}-000000-ABCDEFG`);
    expect(conflictsOf(many)).toEqual({ count: 12, names: many.toReversed().slice(0, 10) });
  });

  test('as the copies that answer see them, each with all sooner or later', () => {
    const reports = {
      n1: { conflicts: { count: 1, names: [older] } },
      n2: { conflicts: { count: 2, names: [newer, older] } },
    };
    expect(withConflicts(shared({ reports })).conflicts).toEqual({ count: 2, names: [newer, older] });
    const known = { conflicts: { count: 1, names: [older] } };
    expect(withConflicts(shared({ status: known })).conflicts).toBeUndefined();
    const nodes = ALL.map((name) => node(name, SILENT));
    expect(withConflicts(shared({ status: known, nodes })).conflicts).toEqual(known.conflicts);
  });
});

describe('replicated through', () => {
  const scan = (ms: number) => ({ writer: writes({}, { startedAt: at(ms) }), folder: folder(ALL) });

  test('the oldest of what the writers have on a data node', () => {
    const reports = { n1: scan(-9_000), n3: scan(-4_000) };
    expect(sharedThrough(shared({ reports })).replicatedThrough).toBe(at(-9_000));
  });

  test('without one that was expelled, whose word counts for nothing', () => {
    const reports = { n1: scan(-9_000), n3: scan(-4_000) };
    const nodes = [expelledNode('n1')];
    expect(sharedThrough(shared({ reports, nodes })).replicatedThrough).toBe(at(-4_000));
  });

  test.each([
    ['nobody writes', {}],
    ['one of them has nothing elsewhere', { n1: scan(-9_000), n3: { writer: writes(), folder: folder([]) } }],
    ['it is older than what was said', { n1: scan(-90_000) }],
  ])('stays where %s', (_what, reports) => {
    const seen = shared({ status: { replicatedThrough: at(-20_000) }, reports });
    expect(sharedThrough(seen)).toBe(seen.volume.status);
  });
});

test('the writers are there by name as well, for the column', () => {
  const { status } = volume();
  expect(withWriters(status, [writerOn('n1'), writerOn('n3')])).toMatchObject({ writing: 'n1, n3' });
  expect(withWriters({ ...status, writing: 'n1' }, [])).not.toHaveProperty('writing');
});

describe('the next status', () => {
  const published = [{ node: 'n3', since: at(-1000) }];

  function next(given: Given, attach: boolean): SyncthingVolumeStatus {
    const seen = { ...shared(given), settings: { ...defaultHandoffSettings, attach, scrubIntervalMs: 0 } };
    return nextStatus(seen, membersOf(seen, new Set(['n1', 'n2']))).status;
  }

  test('keeps the copy of a node to which Kubernetes attached the volume, as long as it attaches at all', () => {
    const attached = next({ status: { published } }, true);
    expect(attached.published).toEqual(published);
    expect(attached).not.toHaveProperty('leaving');
    expect(next({ status: { published } }, false)).toMatchObject({ published: [], leaving: { node: 'n3' } });
  });

  test('of one that is deleted names nobody any more', () => {
    const spec = { deletion: { requestedAt: at(0) } };
    const status = { published, writers: [writerOn('n1')], writing: 'n1', readers: [writerOn('n2')] };
    const after = next({ spec, status }, true);
    expect(after).toMatchObject({ published: [], writers: [], readers: [] });
    expect(after).not.toHaveProperty('writing');
  });
});
