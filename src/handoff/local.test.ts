import { describe, expect, test } from 'vitest';
import {
  at,
  EMPTY_BASE,
  folder,
  grantTo,
  handoffBase,
  NOW,
  peer,
  replica,
  storeOf,
  MADE_ANEW,
} from '../../test/builders/volume-view.ts';
import type { FolderReport, SyncthingReplicaSpec } from '../desired/replica.ts';
import { newDiskState, type DiskPhase, type DiskState } from './disk-state.ts';
import { folderTypeOf } from './folder-type.ts';
import { nextScanAt, planLocal, writerPhase, type LocalScan, type LocalView } from './local.ts';
import { untakenGrant } from './taking.ts';
import { defaultHandoffSettings } from './settings.ts';

const WRITER: DiskPhase = { kind: 'writer', epoch: 2, session: 1 };
const RELEASED: DiskPhase = {
  kind: 'released',
  epoch: 2,
  session: 1,
  scan: { sequence: 10, startedAt: at(-9000) },
};
const ARCHIVING: DiskPhase = { kind: 'rejoining', epoch: 3, step: 'archiving', archive: '/a/3' };
const ARCHIVED: DiskPhase = { kind: 'rejoining', epoch: 3, step: 'archived', archive: '/a/3' };

function state(phase: DiskPhase, given: Partial<DiskState> = {}): DiskState {
  const fresh = newDiskState({ volume: 'v', folderId: 'v-1', storeId: storeOf('n1') });
  const highestEpoch = 'epoch' in phase ? phase.epoch : 0;
  return { ...fresh, highestEpoch, highestBase: highestEpoch, phase, ...given };
}

function order(given: Partial<SyncthingReplicaSpec> = {}): SyncthingReplicaSpec {
  return replica('n1', ['n2'], { spec: { epoch: 2, ...given } }).spec;
}

const GRANTED = { grant: grantTo('n1', 2), type: 'sendreceive' as const };

function scan(given: Partial<LocalScan> = {}): LocalScan {
  return {
    sequence: 10,
    startedAt: at(-9000),
    epoch: 2,
    session: 1,
    afterUnmount: true,
    proves: true,
    finishedAt: NOW - 8000,
    durationMs: 100,
    ...given,
  };
}

function looking(
  given: Partial<LocalView> & { readonly phase?: DiskPhase; readonly seen?: Partial<FolderReport> } = {},
): LocalView {
  const { phase = WRITER, seen, ...view } = given;
  return {
    node: 'n1',
    state: state(phase),
    order: order(GRANTED),
    podMounts: [],
    stagingMounts: [],
    folder: folder(['n2'], { type: 'sendreceive', ...seen }),
    changedSinceScan: false,
    isWanted: false,
    isWantedToRead: false,
    isAwaitingPublish: false,
    isPeerLeaving: false,
    now: NOW,
    settings: defaultHandoffSettings,
    ...view,
  };
}

function withoutFolder(view: LocalView): LocalView {
  const { folder: _folder, ...rest } = view;
  return rest;
}

describe('the type of the folder', () => {
  test.each([
    ['a writer in the granted epoch', WRITER, GRANTED, 'sendreceive'],
    ['a writer of an earlier epoch', { ...WRITER, epoch: 1 }, GRANTED, 'receiveonly'],
    ['a writer whose grant another node has', WRITER, { ...GRANTED, grant: grantTo('n2', 2) }, 'receiveonly'],
    ['a writer whose grant is over', WRITER, { type: 'sendreceive' }, 'receiveonly'],
    ['a grant that was not taken yet', { kind: 'replica' }, GRANTED, 'receiveonly'],
    ['a grant that was given back', RELEASED, GRANTED, 'receiveonly'],
  ] as const)('%s: %s', (_what, phase, given, type) => {
    expect(folderTypeOf(state(phase), order(given))).toBe(type);
  });
});

describe('a folder that Syncthing gave up', () => {
  const WAITING: DiskPhase = { kind: 'replica' };
  const GAVE_UP = { state: 'error', errors: 1, type: 'receiveonly' } as const;

  test.each([
    ['a copy', { phase: WAITING, order: order({ epoch: 0 }), seen: GAVE_UP }, false],
    [
      'one whose first scan failed',
      { phase: WAITING, order: order({ epoch: 0 }), seen: { ...GAVE_UP, scanned: false } },
      true,
    ],
    ['a writer that flushes', { seen: { ...GAVE_UP, type: 'sendreceive' as const } }, false],
    ['one that rejoins', { phase: ARCHIVED, order: order({ epoch: 0 }), seen: GAVE_UP }, false],
  ])('%s is looked at again', (_what, given, isUnscanned) => {
    expect(planLocal(looking(given))).toEqual([{ kind: 'recheck', isUnscanned }]);
  });

  test.each(['idle', 'scanning', 'syncing', 'not-running'] as const)('is not one that is %s', (now) => {
    const kinds = planLocal(
      looking({ phase: WAITING, order: order({ epoch: 0 }), seen: { ...GAVE_UP, state: now } }),
    );
    expect(kinds).toEqual([]);
  });
});

describe('the right to read', () => {
  const reader = { node: 'n1', storeId: storeOf('n1'), since: at(-1000) };
  const COPY: DiskPhase = { kind: 'replica' };
  const open = state(COPY, { reading: { since: reader.since, phase: 'reading' } });

  test.each([
    ['when its last pod has gone', {}, true],
    ['not while a pod has it mounted', { podMounts: ['/pods/a'] }, false],
    ['not while a pod is on its way', { isAwaitingPublish: true }, false],
    ['not while a call asks for it', { isWantedToRead: true }, false],
    ['also where a call asks to write', { isWanted: true }, true],
  ])('ends %s', (_what, given, isEnded) => {
    const actions = planLocal(
      looking({ state: open, order: order({ epoch: 0, reader }), seen: { type: 'receiveonly' }, ...given }),
    );
    const end = { kind: 'end-reading', since: reader.since };
    expect(actions).toEqual(isEnded ? [end] : []);
  });
});

describe('a grant that nobody here took', () => {
  test.each([
    ['a copy', { kind: 'replica' } as DiskPhase, 2],
    ['one that ended an earlier epoch', { ...RELEASED, epoch: 1 }, 2],
    ['one that ended this epoch', RELEASED, undefined],
    ['its writer', WRITER, undefined],
  ])('%s', (_what, phase, epoch) => {
    expect(untakenGrant(looking({ phase }))).toBe(epoch);
  });

  test('is given back, unless a call wants it', () => {
    expect(planLocal(looking({ phase: { kind: 'replica' }, seen: { type: 'receiveonly' } }))).toContainEqual({
      kind: 'decline',
      epoch: 2,
    });
    const wanted = looking({ phase: { kind: 'replica' }, isWanted: true, seen: { type: 'receiveonly' } });
    expect(planLocal(wanted).map(({ kind }) => kind)).not.toContain('decline');
  });
});

describe('a grant for an import', () => {
  const base = { kind: 'empty', epoch: 0, session: 0, holders: [] } as const;
  const importing = order({ ...GRANTED, importFrom: 'photos', base });

  test('is taken with the directory, whoever asks for the volume', () => {
    for (const isWanted of [true, false]) {
      const view = looking({ phase: { kind: 'replica' }, order: importing, isWanted });
      expect(planLocal(view).map(({ kind }) => kind)).toEqual(['see-epoch', 'import']);
    }
  });

  test('that was taken goes on like any', () => {
    expect(planLocal(looking({ order: importing })).map(({ kind }) => kind)).toEqual(['scan']);
  });
});

describe('a writer', () => {
  test('flushes when no pod has the volume, and none is on its way', () => {
    expect(writerPhase(looking())).toBe('flushing');
    expect(writerPhase(looking({ podMounts: ['/p'] }))).toBe('attached');
    expect(writerPhase(looking({ isAwaitingPublish: true }))).toBe('attached');
    expect(writerPhase(looking({ stagingMounts: ['/s'] }))).toBe('flushing');
    expect(writerPhase(looking({ phase: { kind: 'replica' } }))).toBeUndefined();
  });

  test.each([
    ['there was none', {}],
    ['the last one was begun while a pod had it', { scan: scan({ afterUnmount: false }) }],
    ['it was of an earlier session', { scan: scan({ session: 0 }) }],
    ['it proves nothing', { scan: scan({ proves: false }) }],
  ])('scans after the last unmount, when %s', (_what, given) => {
    expect(planLocal(looking(given))).toEqual([{ kind: 'scan', afterUnmount: true }]);
  });

  test.each([
    ['the switch to writer has not come', { type: 'receiveonly' as const }],
    ['the folder is in error', { state: 'error' }],
  ])('does not scan while %s', (_what, seen) => {
    expect(planLocal(looking({ seen })).filter(({ kind }) => kind === 'scan')).toEqual([]);
  });

  test('ends only on the word that this very scan is held', () => {
    const { sequence, startedAt } = scan();
    function told(proven: SyncthingReplicaSpec['proven']) {
      const given = { ...GRANTED, ...(proven !== undefined && { proven }) };
      return planLocal(looking({ scan: scan(), order: order(given) }));
    }
    expect(told({ epoch: 2, session: 1, sequence: 10 })).toEqual([
      { kind: 'release', scan: { sequence, startedAt } },
    ]);
    expect(told(undefined)).toEqual([]);
    expect(told({ epoch: 2, session: 1, sequence: 9 })).toEqual([]);
    expect(told({ epoch: 2, session: 2, sequence: 10 })).toEqual([]);
    expect(told({ epoch: 1, session: 1, sequence: 10 })).toEqual([]);
  });

  test('attached, scans what changed, not more often than is worth it', () => {
    const attached = { podMounts: ['/p'], scan: scan({ afterUnmount: false }), changedSinceScan: true };
    expect(planLocal(looking(attached))).toEqual([{ kind: 'scan', afterUnmount: false }]);
    expect(planLocal(looking({ ...attached, changedSinceScan: false }))).toEqual([]);
    const slow = scan({ afterUnmount: false, durationMs: 60_000 });
    expect(planLocal(looking({ ...attached, scan: slow }))).toEqual([]);
    expect(nextScanAt(slow, defaultHandoffSettings)).toBe(slow.finishedAt + 600_000);
  });

  test('remembers an epoch that it hears of', () => {
    const planned = planLocal(looking({ order: order({ ...GRANTED, epoch: 4 }) }));
    expect(planned[0]).toEqual({ kind: 'see-epoch', epoch: 4, base: 0 });
  });

  test('remembers what an epoch left, though it knew the epoch', () => {
    const known = state({ kind: 'replica' }, { highestEpoch: 2, highestBase: 1 });
    const ended = order({ base: handoffBase(['n2'], { epoch: 2 }) });
    expect(planLocal(looking({ state: known, order: ended, seen: { type: 'receiveonly' } }))[0]).toEqual({
      kind: 'see-epoch',
      epoch: 2,
      base: 2,
    });
  });
});

describe('a stale copy', () => {
  const ordered = order({ epoch: 3, rejoin: { epoch: 3 }, peers: [], base: handoffBase(['n2']) });

  test('makes way only when nothing of it is mounted', () => {
    expect(planLocal(looking({ order: ordered }))).toEqual([{ kind: 'begin-rejoin', epoch: 3 }]);
    expect(planLocal(looking({ order: ordered, podMounts: ['/p'] }))).toEqual([]);
    expect(planLocal(looking({ order: ordered, stagingMounts: ['/s'] }))).toEqual([]);
  });

  test('moves its tree when the folder is out of Syncthing', () => {
    expect(planLocal(looking({ phase: ARCHIVING, order: ordered }))).toEqual([]);
    expect(planLocal(withoutFolder(looking({ phase: ARCHIVING, order: ordered })))).toEqual([
      { kind: 'archive-tree' },
    ]);
  });

  const back = {
    phase: ARCHIVED,
    order: ordered,
    seen: { type: 'receiveonly' as const, receiveOnlyItems: 4 },
  };

  test('is done beside a holder whose index it has, with nothing to come', () => {
    expect(planLocal(looking(back))).toEqual([{ kind: 'finish-rejoin' }]);
  });

  test.each([
    ['items to come', { needItems: 1 }],
    ['work to do', { state: 'syncing' }],
    ['no scan yet', { scanned: false }],
    ['no peer', { peers: [] }],
    ['a peer that is no holder', { peers: [peer('n3')] }],
    ['a holder that is away', { peers: [peer('n2', { connected: false })] }],
    ['less of its index than was proven', { peers: [peer('n2', { knownSequence: 9 })] }],
  ])('is not done with %s', (_what, seen) => {
    expect(planLocal(looking({ ...back, seen: { ...back.seen, ...seen } }))).toEqual([]);
  });

  test('is not asked twice for one lineage', () => {
    const done = state(
      { kind: 'replica' },
      {
        rejoined: { epoch: 3, archive: '/a/3' },
        highestEpoch: 3,
        highestBase: 3,
      },
    );
    const again = planLocal(looking({ state: done, order: ordered, seen: { type: 'receiveonly' } }));
    expect(again).toEqual([]);
  });

  test('begins anew for a later lineage, once its tree has been moved for the first', () => {
    const later = order({ epoch: 4, rejoin: { epoch: 4 }, peers: [] });
    expect(planLocal(looking({ phase: ARCHIVED, order: later }))).toEqual([
      { kind: 'begin-rejoin', epoch: 4 },
    ]);
    expect(planLocal(withoutFolder(looking({ phase: ARCHIVING, order: later })))).toEqual([
      { kind: 'archive-tree' },
    ]);
  });

  test('ends what it began, whatever the order says by then', () => {
    expect(
      planLocal(withoutFolder(looking({ phase: ARCHIVING, order: order({ base: EMPTY_BASE }) }))),
    ).toEqual([{ kind: 'archive-tree' }]);
  });
});

describe('what counts as changed on a copy', () => {
  function absorb(holders: readonly string[], given: Partial<SyncthingReplicaSpec> = {}) {
    const seen = { type: 'receiveonly' as const, receiveOnlyItems: 1 };
    const order1 = order({ base: handoffBase(holders), ...given });
    return planLocal(looking({ phase: { kind: 'replica' }, seen, order: order1, isWanted: true }));
  }

  const INTACT = { mayRevert: true } as const;
  const REPAIR = { mayRevert: false, mayRepair: true, isTruth: false, seesAll: true };
  const GIVE_UP = { ...REPAIR, mayRevert: true };
  const KEEP = { ...REPAIR, mayRepair: false };
  const ANNOUNCE = { ...REPAIR, isTruth: true };

  test.each([
    ['another holder is there to take it back from', ['n1', 'n2'], INTACT, GIVE_UP],
    ['the copy is no holder', ['n2'], INTACT, GIVE_UP],
    ['no other holder is intact', ['n1', 'n2'], {}, REPAIR],
    ['the other holder is away', ['n1', 'n3'], INTACT, REPAIR],
    ['the writer is there to take it back from', [], { ...INTACT, grant: grantTo('n2', 2) }, GIVE_UP],
    ['there is no other holder', ['n1'], {}, ANNOUNCE],
    ['somebody else writes', ['n1'], { grant: grantTo('n2', 2) }, REPAIR],
    ['this node is about to write', ['n1', 'n2'], { grant: grantTo('n1', 2) }, REPAIR],
    ['it is about to, alone', ['n1'], { grant: grantTo('n1', 2) }, REPAIR],
    ['the copy goes anyway', ['n1', 'n2'], { ...INTACT, removal: 'leave' }, KEEP],
  ] as const)('is looked at where %s', (_what, holders, given, how) => {
    expect(absorb(holders, given)).toContainEqual({ kind: 'absorb', ...how });
  });

  test.each([
    ['is away', { connected: false }],
    ['has not said yet what it has', { knownSequence: 0 }],
  ])('is told whether somebody who may have it %s', (_what, away) => {
    const seen = { type: 'receiveonly' as const, receiveOnlyItems: 1, peers: [peer('n2', away)] };
    const view = looking({ phase: { kind: 'replica' }, seen, order: order({ base: handoffBase(['n1']) }) });
    expect(planLocal(view)).toContainEqual({ kind: 'absorb', ...ANNOUNCE, seesAll: false });
  });

  test('is left as it is under a pod that was left over', () => {
    const seen = { type: 'receiveonly' as const, receiveOnlyItems: 1 };
    const shared = order({ base: handoffBase(['n1', 'n2']), ...INTACT });
    const view = looking({ phase: { kind: 'replica' }, seen, order: shared, podMounts: ['/pod'] });
    expect(planLocal(view)).toContainEqual({ kind: 'absorb', ...KEEP });
  });

  test('is left alone until the folder is idle', () => {
    const seen = { type: 'receiveonly' as const, receiveOnlyItems: 1, state: 'syncing' };
    expect(planLocal(looking({ phase: { kind: 'replica' }, seen }))).not.toContainEqual(
      expect.objectContaining({ kind: 'absorb' }),
    );
  });
});

describe('what a copy kept until the proof', () => {
  const base = handoffBase(['n1', 'n2']);
  const KEEPS = { kind: 'drop-versions', base: { epoch: 1, session: 1 } };
  function plan(given: Partial<SyncthingReplicaSpec> = {}, view: Parameters<typeof looking>[0] = {}) {
    const seen = { type: 'receiveonly' as const, ...view.seen };
    return planLocal(
      looking({ phase: { kind: 'replica' }, order: order({ base, ...given }), ...view, seen }),
    );
  }

  test('goes when the volume was handed off', () => expect(plan()).toContainEqual(KEEPS));

  test.each([
    ['somebody writes', { grant: grantTo('n2', 2) }, {}],
    ['the writer was lost', { base: { ...base, kind: 'failover' } }, {}],
    ['the copy is no holder', { base: handoffBase(['n2', 'n3']) }, {}],
    ['no other copy holds the state', { base: handoffBase(['n1']) }, {}],
    ['the copy goes', { removal: 'leave' }, {}],
    ['the copy is stale', { rejoin: { epoch: 1 } }, {}],
    ['it needs something', {}, { seen: { needItems: 1 } }],
    ['its database was rolled back', {}, { seen: { sequence: 9 } }],
    ['its database was lost', {}, { seen: MADE_ANEW }],
    ['it is done', {}, { versionsDropped: { epoch: 1, session: 1 } }],
  ] as const)('stays while %s', (_what, given, view) => {
    expect(plan(given, view)).not.toContainEqual(KEEPS);
  });
});
