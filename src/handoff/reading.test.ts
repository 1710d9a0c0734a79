import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  at,
  grantTo,
  handoffBase,
  readerOn,
  replica,
  storeOf,
  volume,
} from '../../test/builders/volume-view.ts';
import type { SyncthingReplicaSpec } from '../desired/replica.ts';
import { newDiskState, type DiskPhase, type DiskState } from './disk-state.ts';
import {
  endReading,
  holdsReading,
  isReading,
  isReadStaged,
  offeredReading,
  takeReading,
  unusedReading,
} from './reading.ts';

const OLD = at(-9000);
const NOW = at(-5000);
const NEW = at(-1000);
const OPEN = { since: NOW, phase: 'reading' } as const;
const ENDED = { since: NOW, phase: 'ended' } as const;

function state(reading?: DiskState['reading'], phase: DiskPhase = { kind: 'replica' }): DiskState {
  const fresh = newDiskState({ volume: 'v', folderId: 'v-1', storeId: storeOf('n1') });
  return { ...fresh, phase, ...(reading !== undefined && { reading }) };
}

function order(since?: string, given: Partial<SyncthingReplicaSpec> = {}): SyncthingReplicaSpec {
  return replica('n1', ['n2'], {
    spec: { ...(since !== undefined && { reader: readerOn('n1', since) }), ...given },
  }).spec;
}

describe('what the order offers', () => {
  test.each([
    ["this node's right", order(NOW), NOW],
    ['none', order(), undefined],
    ['that of another disk', order(NOW, { reader: { ...readerOn('n1', NOW), storeId: 'old' } }), undefined],
    [
      'that of another node',
      order(NOW, { reader: { ...readerOn('n2', NOW), storeId: storeOf('n1') } }),
      undefined,
    ],
  ])('%s', (_what, given, since) => {
    expect(offeredReading(given, state())?.since).toBe(since);
  });
});

describe('taking the right to read', () => {
  test.each([
    ['the first', state(), NOW],
    ['a later one', state(ENDED), NEW],
    ['a later one, the last not ended', state(OPEN), NEW],
  ])('%s', (_what, before, since) => {
    expect(takeReading(before, since)).toEqual({
      kind: 'taken',
      state: { ...before, reading: { since, phase: 'reading' } },
    });
  });

  test('again, for a second pod, changes nothing', () => {
    const before = state(OPEN);
    expect(takeReading(before, NOW)).toEqual({ kind: 'taken', state: before });
  });

  test.each([
    ['one that was ended here', state(ENDED), NOW, /has ended on this node/],
    ['one before the last', state(OPEN), OLD, /has ended on this node/],
    ['while a session goes on', state(undefined, { kind: 'writer', epoch: 2, session: 1 }), NOW, /epoch 2/],
    [
      'while the copy is rejoined',
      state(undefined, { kind: 'rejoining', epoch: 3, step: 'archived', archive: '/a/3' }),
      NOW,
      /rejoined in epoch 3/,
    ],
  ])('not %s', (_what, before, since, reason) => {
    expect(takeReading(before, since)).toEqual({ kind: 'refused', reason: expect.stringMatching(reason) });
  });

  test('is never possible again once it has ended, whatever comes between', () => {
    const anySince = fc.constantFrom(OLD, NOW, NEW);
    const anyStep = fc.record({ isTake: fc.boolean(), since: anySince });
    fc.assert(
      fc.property(fc.array(anyStep), anySince, fc.array(anyStep), (before, since, after) => {
        const step = (now: DiskState, { isTake, since: given }: { isTake: boolean; since: string }) => {
          if (!isTake) return endReading(now, given);
          const taken = takeReading(now, given);
          return taken.kind === 'taken' ? taken.state : now;
        };
        const ended = after.reduce(step, endReading(before.reduce(step, state()), since));
        const isAfter = Date.parse(ended.reading?.since ?? '') > Date.parse(since);
        if (!isAfter || ended.reading?.phase === 'ended')
          expect(takeReading(ended, since).kind).toBe('refused');
        expect(takeReading(ended, OLD).kind).toBe(
          ended.reading?.since === OLD && ended.reading.phase === 'reading' ? 'taken' : 'refused',
        );
      }),
    );
  });
});

describe('ending it', () => {
  test.each([
    ['one that is open', OPEN, NOW, ENDED],
    ['one that was never taken', undefined, NOW, ENDED],
    ['a later one than the last', OPEN, NEW, { since: NEW, phase: 'ended' }],
    ['an earlier one changes nothing', OPEN, OLD, OPEN],
    ['twice changes nothing', ENDED, NOW, ENDED],
  ] as const)('%s', (_what, before, since, after) => {
    expect(endReading(state(before), since)).toEqual(state(after));
  });
});

describe('a right that nobody here uses', () => {
  test.each([
    ['open, its pods gone', { state: state(OPEN), order: order(NOW), isUsed: false }, NOW],
    ['open, and taken back by the controller', { state: state(OPEN), order: order(), isUsed: false }, NOW],
    ['given to a pod that did not come', { state: state(), order: order(NOW), isUsed: false }, NOW],
    ['given anew to a pod that did not come', { state: state(ENDED), order: order(NEW), isUsed: false }, NEW],
    ['ended already', { state: state(ENDED), order: order(NOW), isUsed: false }, undefined],
    ['used', { state: state(OPEN), order: order(NOW), isUsed: true }, undefined],
    ['asked for', { state: state(), order: order(NOW), isUsed: true }, undefined],
    ['none', { state: state(), order: order(), isUsed: false }, undefined],
  ])('%s', (_what, use, since) => {
    expect(unusedReading(use)).toBe(since);
  });
});

describe('a mount that is there', () => {
  const found = { state: state(OPEN), order: order(NOW), knowsOrders: true, isMounted: true };

  test.each([
    ['under the right that stands', found, true],
    ['nothing is mounted', { ...found, isMounted: false }, false],
    ['the right has ended', { ...found, state: state(ENDED) }, false],
    ['the right is another one now', { ...found, order: order(NEW) }, false],
    ['the right was taken back', { ...found, order: order() }, false],
    ['the orders are not known yet', { ...found, order: undefined, knowsOrders: false }, true],
    ['there is no order any more', { ...found, order: undefined }, false],
    ['there is no copy', { ...found, state: undefined }, false],
  ])('%s: is enough %s', (_what, given, isEnough) => {
    expect(isReadStaged(given)).toBe(isEnough);
  });

  test('belongs to a reader only while both say so', () => {
    expect(isReading(state(OPEN), order(NOW))).toBe(true);
    expect(isReading(state(OPEN), order(NEW))).toBe(false);
    expect(isReading(state(ENDED), order(NOW))).toBe(false);
    expect(isReading(state(), undefined)).toBe(false);
  });
});

describe('the live look', () => {
  const place = { node: 'n1', storeId: storeOf('n1') };
  const status = { epoch: 1, base: handoffBase(['n1']), readers: [readerOn('n1', NOW)] };

  const cases: readonly (readonly [string, Parameters<typeof volume>[0] & object, string, boolean])[] = [
    ['the right stands', {}, NOW, true],
    ['another one stands', {}, OLD, false],
    ['it is of another node', { status: { readers: [readerOn('n2', NOW)] } }, NOW, false],
    [
      'it is of another disk',
      { status: { readers: [{ ...readerOn('n1', NOW), storeId: 'old' }] } },
      NOW,
      false,
    ],
    ['somebody writes', { status: { grant: grantTo('n2', 2) } }, NOW, false],
    ['the volume is deleted', { spec: { deletion: { requestedAt: at(0) } } }, NOW, false],
  ];
  test.each(cases)('%s: %s', (_what, given, since, isHeld) => {
    expect(holdsReading(volume({ ...given, status: { ...status, ...given.status } }), place, since)).toBe(
      isHeld,
    );
  });
});
