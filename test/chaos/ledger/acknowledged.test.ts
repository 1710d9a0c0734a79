import { describe, expect, it } from 'vitest';
import { acknowledgedBetween, epochOf, type PowerCut, type StatusSeen } from './acknowledged.ts';
import { sampleSession } from './sample-session.ts';

function time(ms: number): string {
  return new Date(ms).toISOString();
}

function granted(at: number, epoch: number, node: string, rest: Partial<StatusSeen> = {}): StatusSeen {
  return {
    at,
    epoch,
    grant: { epoch, node, since: time(at - 1) },
    base: { kind: 'empty', epoch: 0, session: 0 },
    ...rest,
  };
}

const handedOver: StatusSeen = { at: 500, epoch: 1, base: { kind: 'handoff', epoch: 1, session: 1 } };
const failedOver: StatusSeen = {
  at: 500,
  epoch: 2,
  base: { kind: 'failover', epoch: 2, session: 0 },
  replicatedThrough: time(300),
};
const before = sampleSession({}, [], { node: 'node1', startedAt: 100 });
const after = { node: 'node2', startedAt: 700 };

function ask(seen: readonly StatusSeen[], cuts: readonly PowerCut[] = [], next = after) {
  return acknowledgedBetween({ before, after: next, seen, cuts });
}

describe('what the next session has to find', () => {
  const handOff = [granted(50, 1, 'node1'), handedOver, granted(600, 2, 'node2', { base: handedOver.base })];
  const failover = [granted(50, 1, 'node1'), failedOver, granted(600, 3, 'node2', { base: failedOver.base })];

  it('is everything after a proven hand-off', () => {
    expect(ask(handOff)).toEqual({ kind: 'known', acknowledged: { kind: 'everything' } });
  });

  it('is what was synced where the disk lost its power before that', () => {
    expect(ask(handOff, [{ node: 'node1', at: 400 }])).toEqual({
      kind: 'known',
      acknowledged: { kind: 'synced', before: 400 },
    });
  });

  it('is everything where the power went after it, or elsewhere', () => {
    const cuts = [
      { node: 'node1', at: 510 },
      { node: 'node2', at: 400 },
    ];
    expect(ask(handOff, cuts)).toEqual({ kind: 'known', acknowledged: { kind: 'everything' } });
  });

  it('is what was proven where the writer was lost', () => {
    expect(ask(failover)).toEqual({ kind: 'known', acknowledged: { kind: 'through', at: 300 } });
  });

  it('is everything where it ended with proof before a later writer was lost', () => {
    const lostLater: StatusSeen = {
      ...failedOver,
      at: 650,
      epoch: 3,
      base: { kind: 'failover', epoch: 3, session: 0 },
    };
    const seen = [...handOff, lostLater, granted(660, 4, 'node2', { base: lostLater.base })];
    expect(ask(seen)).toEqual({ kind: 'known', acknowledged: { kind: 'everything' } });
  });

  it('is never less than a promise that was taken back', () => {
    const promised = granted(200, 1, 'node1', { replicatedThrough: time(350) });
    expect(ask([promised, ...failover])).toEqual({
      kind: 'known',
      acknowledged: { kind: 'through', at: 350 },
    });
  });

  it('is nothing of the session alone where nothing was ever proven', () => {
    const { replicatedThrough: _, ...unproven } = failedOver;
    const seen = [granted(50, 1, 'node1'), unproven, granted(600, 3, 'node2', { base: failedOver.base })];
    expect(ask(seen)).toEqual({
      kind: 'known',
      acknowledged: { kind: 'through', at: Number.NEGATIVE_INFINITY },
    });
  });

  it('is everything on the same node in the same epoch, unless its power was cut', () => {
    const same = { node: 'node1', startedAt: 700 };
    expect(ask([granted(50, 1, 'node1')], [], same)).toEqual({
      kind: 'known',
      acknowledged: { kind: 'everything' },
    });
    expect(ask([granted(50, 1, 'node1')], [{ node: 'node1', at: 650 }], same)).toEqual({
      kind: 'known',
      acknowledged: { kind: 'synced', before: 650 },
    });
  });

  it('cannot be said where a grant was not seen', () => {
    expect(ask([granted(50, 1, 'node1')])).toEqual({
      kind: 'unknown',
      reason: 'no grant of node2 was seen',
    });
  });
});

describe('the epoch of a session', () => {
  it('is the last one granted to its node before it began', () => {
    const seen = [granted(50, 1, 'node1'), granted(200, 2, 'node2'), granted(300, 3, 'node1')];
    expect(epochOf({ node: 'node1', startedAt: 250 }, seen)).toBe(1);
    expect(epochOf({ node: 'node1', startedAt: 350 }, seen)).toBe(3);
    expect(epochOf({ node: 'node3', startedAt: 350 }, seen)).toBeUndefined();
  });
});
