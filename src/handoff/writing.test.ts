import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { at, replica, sharedBase, storeOf, volume, writerOn } from '../../test/builders/volume-view.ts';
import { stateAfter } from '../../test/builders/state-after.ts';
import type { FolderReport, SyncthingReplicaSpec } from '../desired/replica.ts';
import { newDiskState, release, type DiskState, type DiskWriting } from './disk-state.ts';
import { folderTypeOf } from './folder-type.ts';
import { planLocal, writerPhase, type LocalScan, type LocalView } from './local.ts';
import { defaultHandoffSettings } from './settings.ts';
import {
  declineWriting,
  holdsWriting,
  isWriteStaged,
  offeredWriting,
  takeWriting,
  unusedWriting,
} from './writing.ts';

const OLD = at(-9000);
const NOW = at(-5000);
const NEW = at(-1000);
const SCAN = { sequence: 10, startedAt: at(-4000) };
const OPEN: DiskWriting = { since: NOW, session: 3, phase: 'writing' };
const ENDED: DiskWriting = { since: NOW, session: 3, phase: 'ended', scan: SCAN };

function state(writing?: DiskWriting, given: Partial<DiskState> = {}): DiskState {
  const fresh = newDiskState({ volume: 'v', folderId: 'v-1', storeId: storeOf('n1') });
  return { ...fresh, ...(writing !== undefined && { writing }), ...given };
}

function order(since?: string, given: Partial<SyncthingReplicaSpec> = {}): SyncthingReplicaSpec {
  const writer = since === undefined ? {} : { writer: writerOn('n1', since) };
  return replica('n1', ['n2'], {
    spec: { access: 'eventual', base: sharedBase(['n1', 'n2']), ...writer, ...given },
  }).spec;
}

function folder(given: Partial<FolderReport> = {}): FolderReport {
  const { status } = replica('n1', ['n2']);
  if (status?.folder === undefined) throw new Error('no folder');
  return { ...status.folder, type: 'sendreceive', ...given };
}

const AFTER_UNMOUNT: LocalScan = {
  ...SCAN,
  epoch: 0,
  session: 3,
  afterUnmount: true,
  proves: true,
  finishedAt: Date.parse(at(-3000)),
  durationMs: 100,
};

function view(given: Partial<LocalView>): LocalView {
  return {
    node: 'n1',
    state: state(OPEN),
    order: order(NOW),
    podMounts: [],
    stagingMounts: [],
    folder: folder(),
    changedSinceScan: false,
    isWanted: false,
    isWantedToRead: false,
    isAwaitingPublish: false,
    isPeerLeaving: false,
    now: Date.parse(at(0)),
    settings: defaultHandoffSettings,
    ...given,
  };
}

describe('taking the right to write', () => {
  test.each([
    ['the first', state(), NOW, 1],
    ['a later one', state(ENDED), NEW, 4],
    ['the same, for the next pod', state(OPEN), NOW, 4],
    ['one while directories were being announced', state(ENDED, { announcing: true }), NEW, 4],
  ])('%s', (_what, before, since, session) => {
    const { announcing: _, ...rest } = before;
    const writing = { since, session, phase: 'writing' };
    expect(takeWriting(before, since)).toEqual({ kind: 'taken', state: { ...rest, writing } });
  });

  test.each([
    ['one that has ended', state(ENDED), NOW, 'has ended on this node'],
    ['one from before that', state(ENDED), OLD, 'has ended on this node'],
    ['another while a session is open', state(OPEN), NEW, 'has not ended on this node'],
  ])('never %s', (_what, before, since, reason) => {
    expect(takeWriting(before, since)).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining(reason),
    });
  });

  type Act = readonly ['take' | 'release' | 'decline', number];

  function after(before: DiskState, [act, moment]: Act): DiskState {
    if (act === 'release') return release(before, SCAN);
    if (act === 'decline') return declineWriting(before, at(moment));
    const taken = takeWriting(before, at(moment));
    return taken.kind === 'taken' ? taken.state : before;
  }

  test('a session has one number for good, whatever rights come and go', () => {
    const anyAct = fc.tuple(fc.constantFrom<Act[0][]>('take', 'release', 'decline'), fc.nat(4));
    fc.assert(
      fc.property(fc.array(anyAct, { maxLength: 30 }), (acts) => {
        let now = state();
        for (const act of acts) {
          const before = now.writing ?? { since: OLD, session: 0 };
          now = after(now, act);
          const { since, session } = now.writing ?? before;
          expect(Date.parse(since)).toBeGreaterThanOrEqual(Date.parse(before.since));
          expect(session - before.session).toBe(act[0] === 'take' && now.writing !== before ? 1 : 0);
        }
      }),
    );
  });
});

describe('what is offered, held and in place', () => {
  test.each([
    ["this node's right", order(NOW), NOW],
    ['none', order(), undefined],
    ['that of another disk', order(NOW, { writer: { ...writerOn('n1', NOW), storeId: 'old' } }), undefined],
  ])('offered: %s', (_what, given, since) => {
    expect(offeredWriting(given, state())?.since).toBe(since);
  });

  test.each([
    ['as it is', {}, true],
    ['given anew', { status: { writers: [writerOn('n1', NEW)] } }, false],
    ["another disk's", { status: { writers: [{ ...writerOn('n1', NOW), storeId: 'old' }] } }, false],
    ['of a volume that is to go', { spec: { deletion: { requestedAt: at(0) } } }, false],
  ])('held: %s', (_what, given, expected) => {
    const status = { writers: [writerOn('n1', NOW), writerOn('n2')] };
    const live = volume({ status, ...given });
    expect(holdsWriting(live, { node: 'n1', storeId: storeOf('n1') }, NOW)).toBe(expected);
  });

  test.each([
    ['mounted in an open session', OPEN, order(NOW), [true, true]],
    ['also where it was dropped', OPEN, order(), [true, true]],
    ['also without an order', OPEN, undefined, [true, true]],
    ['not where nothing is mounted', OPEN, order(NOW), [false, false]],
    ['not in one that has ended', ENDED, order(NOW), [true, false]],
    ['not where the copy goes', OPEN, order(NOW, { removal: 'delete' }), [true, false]],
  ] as const)('in place: %s', (_what, writing, given, [isMounted, expected]) => {
    expect(isWriteStaged({ state: state(writing), order: given, knowsOrders: true, isMounted })).toBe(
      expected,
    );
  });

  test.each([
    ['one that no session was begun under', state(), order(NOW), [false, NOW]],
    ['a later one than the last', state(ENDED), order(NEW), [false, NEW]],
    ['not while a pod is on its way', state(), order(NOW), [true, undefined]],
    ['not one that a session is of', state(OPEN), order(NOW), [false, undefined]],
    ['not one that has ended', state(ENDED), order(NOW), [false, undefined]],
    ['none', state(), order(), [false, undefined]],
  ] as const)('given in vain: %s', (_what, before, given, [isUsed, expected]) => {
    expect(unusedWriting({ state: before, order: given, isUsed })).toBe(expected);
  });

  test('a right that is declined leaves what is known of the last session', () => {
    expect(declineWriting(state(ENDED), NEW).writing).toEqual({ ...ENDED, since: NEW });
    expect(declineWriting(state(), NEW).writing).toEqual({ since: NEW, session: 0, phase: 'ended' });
    expect(declineWriting(state(OPEN), NEW)).toEqual(state(OPEN));
  });
});

describe("the folder's type", () => {
  test.each([
    ['a session', state(OPEN), order(NOW), 'sendreceive'],
    ['a session, dropped from the writers', state(OPEN), order(), 'sendreceive'],
    ['none', state(), order(NOW), 'receiveonly'],
    ['one that has ended', state(ENDED), order(NOW), 'receiveonly'],
    ['a conflict copy to announce', state(ENDED, { announcing: true }), order(), 'sendreceive'],
    [
      'one on a copy that goes',
      state(undefined, { announcing: true }),
      order(undefined, { removal: 'leave' }),
      'receiveonly',
    ],
  ] as const)('%s', (_what, before, given, type) => {
    expect(folderTypeOf(before, given)).toBe(type);
  });
});

describe('the flush of one among others', () => {
  const proven = { epoch: 0, session: 3, sequence: 10 };
  const told = order(NOW, { proven });

  test.each([
    ['begins with a scan', {}, [{ kind: 'scan', afterUnmount: true }]],
    [
      'ends on the word for that scan',
      { scan: AFTER_UNMOUNT, order: told },
      [{ kind: 'release', scan: SCAN }],
    ],
    ['waits for the word', { scan: AFTER_UNMOUNT }, []],
    [
      'not on a word for another session',
      { scan: AFTER_UNMOUNT, order: order(NOW, { proven: { ...proven, session: 2 } }) },
      [],
    ],
    [
      'scans again where something came in since',
      { scan: AFTER_UNMOUNT, order: told, folder: folder({ sequence: 11 }) },
      [{ kind: 'scan', afterUnmount: true }],
    ],
    [
      'waits while something is to come',
      { scan: AFTER_UNMOUNT, order: told, folder: folder({ needItems: 1 }) },
      [],
    ],
    [
      'not all the time',
      { scan: { ...AFTER_UNMOUNT, finishedAt: Date.parse(at(-500)) }, folder: folder({ sequence: 11 }) },
      [],
    ],
    ['not before the switch', { folder: folder({ type: 'receiveonly' }) }, []],
    ['not while a pod has it', { podMounts: ['a'], scan: AFTER_UNMOUNT, order: told }, []],
    ['not while a call waits for the switch', { isWanted: true, scan: AFTER_UNMOUNT, order: told }, []],
    [
      'a right that nobody came for is given back',
      { state: state() },
      [{ kind: 'decline-writing', since: NOW }],
    ],
    [
      'not one that a call asks for',
      { state: state(), isWanted: true, folder: folder({ type: 'receiveonly' }) },
      [],
    ],
  ] as const)('%s', (_what, given, expected) => {
    expect(planLocal(view(given))).toEqual(expected);
  });

  test.each([
    [{ podMounts: ['a'] }, 'attached'],
    [{ isAwaitingPublish: true }, 'attached'],
    [{ isWanted: true }, 'attached'],
    [{}, 'flushing'],
    [{ state: state(ENDED) }, 'released'],
    [{ state: declineWriting(state(), NOW) }, 'untouched'],
    [{ state: state() }, undefined],
  ] as const)('phase of %j', (given, phase) => {
    expect(writerPhase(view(given))).toBe(phase);
  });

  test('comes to rest: what is planned on its own result is nothing new', () => {
    const anyView = fc.record({
      writing: fc.constantFrom<(DiskWriting | undefined)[]>(undefined, OPEN, ENDED),
      since: fc.constantFrom(undefined, OLD, NOW, NEW),
      isWanted: fc.boolean(),
      isMounted: fc.boolean(),
      hasScan: fc.boolean(),
      isTold: fc.boolean(),
      sequence: fc.constantFrom(9, 10, 11),
      needItems: fc.constantFrom(0, 1),
      type: fc.constantFrom<FolderReport['type'][]>('sendreceive', 'receiveonly'),
    });
    fc.assert(
      fc.property(anyView, ({ writing, since, isWanted, isMounted, hasScan, isTold, ...report }) => {
        let seen = view({
          state: state(writing),
          order: order(since, isTold ? { proven } : {}),
          isWanted,
          podMounts: isMounted ? ['a'] : [],
          folder: folder(report),
          ...(hasScan && { scan: AFTER_UNMOUNT }),
        });
        for (let step = 0; step < 3; step += 1)
          seen = { ...seen, state: planLocal(seen).reduce(stateAfter, seen.state) };
        expect(planLocal(seen).reduce(stateAfter, seen.state)).toBe(seen.state);
        const { phase } = seen.state.writing ?? {};
        expect(phase === 'ended' && writing === OPEN && isMounted).toBe(false);
      }),
    );
  });
});
