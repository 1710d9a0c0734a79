import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rejoiningIn } from '../../test/builders/state-after.ts';
import {
  archived,
  archivesOf,
  beginRejoin,
  decline,
  newDiskState,
  rejoined,
  release,
  sawEpoch,
  takeGrant,
  type TakeGrant,
  tookBack,
  withPlainTree,
  withWholeTree,
  type DiskPhase,
  type DiskState,
} from './disk-state.ts';

const FRESH = newDiskState({ volume: 'v', folderId: 'v-1', storeId: 'store' });
const SCAN = { sequence: 3, startedAt: '2026-01-01T00:00:00.000Z' };

function inPhase(phase: DiskPhase, highestEpoch = 'epoch' in phase ? phase.epoch : 0): DiskState {
  return { ...FRESH, highestEpoch, phase };
}

const PHASES: Readonly<Record<string, DiskPhase>> = {
  replica: { kind: 'replica' },
  taking: { kind: 'taking', epoch: 5 },
  writer: { kind: 'writer', epoch: 5, session: 2 },
  released: { kind: 'released', epoch: 5, session: 2, scan: SCAN },
  untouched: { kind: 'untouched', epoch: 5 },
  archiving: { kind: 'rejoining', epoch: 5, step: 'archiving', archive: '/a/5' },
  archived: { kind: 'rejoining', epoch: 5, step: 'archived', archive: '/a/5' },
};

const WAITING = { isSwitched: false, isFirst: false };
const SWITCHED = { isSwitched: true, isFirst: false };

function told(taken: TakeGrant): string {
  const phase = taken.kind === 'refused' ? undefined : taken.state.phase;
  if (phase?.kind === 'writer') return `session ${phase.session} of epoch ${phase.epoch}`;
  return phase?.kind === 'taking' ? `${taken.kind} in epoch ${phase.epoch}` : taken.kind;
}

describe('taking a grant', () => {
  test.each([
    ['replica', 1, 'begun in epoch 1'],
    ['taking', 4, 'refused'],
    ['taking', 5, 'session 1 of epoch 5'],
    ['taking', 6, 'begun in epoch 6'],
    ['writer', 5, 'session 3 of epoch 5'],
    ['writer', 4, 'refused'],
    ['writer', 6, 'refused'],
    ['released', 5, 'refused'],
    ['released', 6, 'begun in epoch 6'],
    ['untouched', 5, 'refused'],
    ['untouched', 6, 'begun in epoch 6'],
    ['archiving', 6, 'refused'],
    ['archived', 6, 'refused'],
  ])('as %s, epoch %i: %s', (phase, epoch, outcome) => {
    const taken = takeGrant(inPhase(PHASES[phase] ?? { kind: 'replica' }), epoch, SWITCHED);
    expect(told(taken)).toBe(outcome);
  });

  test('nothing is mounted before the folder has the type of a writer', () => {
    const begun = inPhase({ kind: 'taking', epoch: 5 });
    expect(takeGrant(begun, 5, WAITING)).toEqual({ kind: 'begun', state: begun });
  });

  test('but for the first of a volume, which nobody else has a version of', () => {
    const first = takeGrant(FRESH, 1, { ...WAITING, isFirst: true });
    expect(told(first)).toBe('session 1 of epoch 1');
  });

  test('never an epoch below one that this copy saw', () => {
    expect(takeGrant(sawEpoch(FRESH, { epoch: 7, base: 0 }), 6, SWITCHED).kind).toBe('refused');
    expect(takeGrant(sawEpoch(FRESH, { epoch: 7, base: 0 }), 7, SWITCHED).kind).toBe('begun');
  });
});

describe('a plain tree', () => {
  const plain = withPlainTree(inPhase({ kind: 'writer', epoch: 5, session: 2 }));

  test('stays plain over sessions until it is whole again', () => {
    const taken = takeGrant(plain, 5, SWITCHED);
    const next = taken.kind === 'taken' ? taken.state : plain;
    expect(next.phase).toEqual({ kind: 'writer', epoch: 5, session: 3, plain: true });
    expect(withWholeTree(next).phase).toEqual({ kind: 'writer', epoch: 5, session: 3 });
  });

  test("is a writer's alone, and told no more when it has ended", () => {
    expect(release(plain, SCAN).phase).toEqual(PHASES['released']);
    for (const phase of Object.values(PHASES)) {
      if (phase.kind === 'writer') continue;
      expect([withPlainTree(inPhase(phase)).phase, withWholeTree(inPhase(phase)).phase]).toEqual([
        phase,
        phase,
      ]);
    }
  });
});

describe('giving back', () => {
  test('a writer is released, nothing else is', () => {
    expect(release(inPhase({ kind: 'writer', epoch: 5, session: 2 }), SCAN).phase).toEqual(
      PHASES['released'],
    );
    for (const phase of Object.values(PHASES)) {
      if (phase.kind !== 'writer') expect(release(inPhase(phase), SCAN).phase).toBe(phase);
    }
  });

  test('a grant under which something was mounted is never declined', () => {
    for (const name of ['writer', 'released', 'untouched', 'archiving', 'archived']) {
      const state = inPhase(PHASES[name] ?? { kind: 'replica' });
      expect(decline(state, 5)).toBe(state);
    }
    expect(decline(inPhase({ kind: 'taking', epoch: 5 }), 5).phase).toEqual({ kind: 'untouched', epoch: 5 });
    expect(decline(sawEpoch(FRESH, { epoch: 5, base: 0 }), 5).phase).toEqual({ kind: 'untouched', epoch: 5 });
    expect(decline(sawEpoch(FRESH, { epoch: 6, base: 0 }), 5).phase).toEqual({ kind: 'replica' });
  });
});

describe('rejoining', () => {
  test('archive, come back, be done; each step once', () => {
    const begun = beginRejoin(inPhase({ kind: 'writer', epoch: 5, session: 2 }), 6, '/a/6');
    expect(begun.phase).toEqual({ kind: 'rejoining', epoch: 6, step: 'archiving', archive: '/a/6' });
    expect(beginRejoin(begun, 6, '/a/other')).toBe(begun);
    const done = rejoined(archived(begun, 6), { epoch: 6, archives: archivesOf(begun) });
    expect(done).toMatchObject({
      phase: { kind: 'replica' },
      rejoined: { epoch: 6, archive: '/a/6' },
      highestEpoch: 6,
    });
    expect(beginRejoin(done, 6, '/a/other')).toBe(done);
    expect(beginRejoin(done, 7, '/a/7').phase).toMatchObject({ epoch: 7, archive: '/a/7' });
  });

  test('one that a later lineage breaks off keeps what it archived, and one that is over what it left', () => {
    const first = archived(beginRejoin(inPhase(PHASES['writer'] ?? { kind: 'replica' }), 6, '/a/6'), 6);
    const second = archived(beginRejoin(first, 7, '/a/7'), 7);
    expect(second.phase).toMatchObject({ epoch: 7, archive: '/a/7', earlier: ['/a/6'] });
    const third = archived(beginRejoin(second, 8, '/a/8'), 8);
    expect(archivesOf(third)).toEqual(['/a/6', '/a/7', '/a/8']);
    const done = rejoined(third, { epoch: 8, archives: ['/a/6', '/a/8'] });
    expect(done).toMatchObject({
      phase: { kind: 'replica' },
      rejoined: { epoch: 8, archive: '/a/8', earlier: ['/a/6'] },
    });
    const again = archived(beginRejoin(done, 9, '/a/9'), 9);
    expect(again.phase).toEqual({ kind: 'rejoining', epoch: 9, step: 'archived', archive: '/a/9' });
    expect(archivesOf(again)).toEqual(['/a/6', '/a/8', '/a/9']);
    expect(rejoined(again, { epoch: 9, archives: [] }).rejoined).toEqual({ epoch: 9, archive: '' });
    expect(rejoined(again, { epoch: 9, archives: ['/a/6'] }).rejoined).toEqual({ epoch: 9, archive: '/a/6' });
  });

  test('what was begun for one lineage ends nothing of the next', () => {
    const first = archived(beginRejoin(FRESH, 6, '/a/6'), 6);
    const second = beginRejoin(first, 7, '/a/7');
    expect(archived(second, 6)).toBe(second);
    expect(rejoined(second, { epoch: 6, archives: [] })).toBe(second);
    expect(rejoined(second, { epoch: 7, archives: [] })).toBe(second);
    expect(rejoined(archived(second, 7), { epoch: 6, archives: [] }).phase).toMatchObject({ epoch: 7 });
  });

  test('steps out of their order change nothing', () => {
    for (const name of ['replica', 'taking', 'writer', 'released', 'untouched']) {
      const state = inPhase(PHASES[name] ?? { kind: 'replica' });
      expect(archived(state, 5)).toBe(state);
      expect(rejoined(state, { epoch: 5, archives: ['/a/5'] })).toBe(state);
    }
  });
});

test('whatever happens in whatever order, an epoch that ended is never written in again', () => {
  const epoch = fc.integer({ min: 1, max: 4 });
  const events = fc.array(
    fc.record({
      kind: fc.constantFrom('take', 'release', 'decline', 'see', 'begin', 'archived', 'rejoined'),
      epoch,
    }),
    { maxLength: 30 },
  );
  fc.assert(
    fc.property(events, (story) => {
      let state: DiskState = FRESH;
      const ended = new Set<number>();
      for (const event of story) {
        const before = state;
        state = apply(before, event.kind, event.epoch);
        expect(state.highestEpoch).toBeGreaterThanOrEqual(before.highestEpoch);
        if (state.phase.kind === 'writer') expect(ended).not.toContain(state.phase.epoch);
        if (state.phase.kind === 'released' || state.phase.kind === 'untouched') ended.add(state.phase.epoch);
        const isLeft = before.phase.kind === 'writer' && state.phase.kind === 'rejoining';
        if (isLeft && before.phase.kind === 'writer') ended.add(before.phase.epoch);
      }
    }),
  );
});

function apply(state: DiskState, kind: string, epoch: number): DiskState {
  switch (kind) {
    case 'take': {
      const taken = takeGrant(state, epoch, SWITCHED);
      return taken.kind === 'refused' ? state : taken.state;
    }
    case 'release':
      return release(state, SCAN);
    case 'decline':
      return decline(state, epoch);
    case 'see':
      return sawEpoch(state, { epoch: epoch, base: 0 });
    case 'begin':
      // The controller's epoch of a new lineage is above all that it gave out.
      return beginRejoin(state, Math.max(epoch, state.highestEpoch + 1), `/a/${epoch}`);
    case 'archived':
      return archived(state, rejoiningIn(state));
    default:
      return rejoined(state, { epoch: rejoiningIn(state), archives: archivesOf(state) });
  }
}

test('a copy that took back what was deleted is of that lineage, and keeps the path of an earlier archive', () => {
  const fresh = newDiskState({ volume: 'v', folderId: 'v-1', storeId: 's' });
  expect(tookBack(fresh, 3).rejoined).toEqual({ epoch: 3, archive: '' });
  const before = { ...fresh, rejoined: { epoch: 2, archive: '/a/2' } };
  expect(tookBack(before, 3).rejoined).toEqual({ epoch: 3, archive: '/a/2' });
  expect(tookBack(before, 2)).toBe(before);
  const both = { ...fresh, rejoined: { epoch: 2, archive: '/a/2', earlier: ['/a/1'] } };
  expect(archivesOf(tookBack(both, 3))).toEqual(['/a/1', '/a/2']);
});
