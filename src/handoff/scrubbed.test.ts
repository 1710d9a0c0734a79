import { describe, expect, test } from 'vitest';
import {
  at,
  grantTo,
  handoffBase,
  holder,
  NOW,
  replica,
  view,
  volume,
} from '../../test/builders/volume-view.ts';
import { leaveWaits, membersOf, nextToLeave } from '../desired/members.ts';
import { conditionsOf } from '../desired/conditions.ts';
import { orderOf } from '../desired/orders.ts';
import type { ScrubProgress, ScrubStatus } from '../desired/replica.ts';
import type { VolumeWishes } from '../desired/volume.ts';
import { scrubLack } from './scrubbed.ts';
import { defaultHandoffSettings } from './settings.ts';

const INTERVAL = 1000;
const ALL = ['n1', 'n2', 'n3'];

function scrubbed(ageMs: number, given: Partial<ScrubStatus> = {}): ScrubStatus {
  const nothing = { files: 1, bytes: 1, skipped: 0, repaired: 0, differing: 0, names: [] };
  return { startedAt: at(-ageMs - 1), finishedAt: at(-ageMs), ...nothing, ...given };
}

const NEVER: ScrubStatus = { files: 0, bytes: 0, skipped: 0, repaired: 0, differing: 0, names: [] };

function running(given: Partial<ScrubProgress> = {}): ScrubProgress {
  return { startedAt: at(-1), files: 7, bytes: 1, repairing: 0, ...given };
}

interface Given {
  readonly intervalMs?: number;
  readonly scrubs?: Readonly<Record<string, ScrubStatus>>;
  readonly wishes?: VolumeWishes;
  readonly role?: 'data' | 'client';
  /** Writes now, all others proven. */
  readonly writer?: string;
}

/** Detached, held by all; the label of n1 was taken away. */
function leaving({ intervalMs = INTERVAL, scrubs = {}, wishes, role = 'data', writer }: Given = {}) {
  const replicas = ALL.map((name) => {
    const found = scrubs[name];
    return replica(name, ALL, {
      spec: { role: name === 'n1' ? role : 'data' },
      status: found === undefined ? {} : { scrubbed: found },
    });
  });
  const proven = {
    epoch: 1,
    session: 1,
    sequence: 10,
    scanStartedAt: at(-1),
    holders: ALL.map((name) => holder(name)),
  };
  const written = writer === undefined ? {} : { grant: grantTo(writer, 1), proven };
  const given = volume({ status: { epoch: 1, base: handoffBase(ALL), ...written } });
  return {
    ...view({ volume: wishes === undefined ? given : { ...given, wishes }, replicas }),
    settings: { ...defaultHandoffSettings, scrubIntervalMs: intervalMs },
  };
}

const PLACED = new Set(['n2', 'n3']);

function next(given: Given): string | undefined {
  const seen = leaving(given);
  return nextToLeave(seen, membersOf(seen, PLACED))?.node;
}

const CLEAN = { n2: scrubbed(1), n3: scrubbed(1) };

describe('a copy leaves', () => {
  test('when those that stay were scrubbed lately', () => {
    expect(next({ scrubs: CLEAN })).toBe('n1');
    expect(next({ scrubs: { n2: scrubbed(2 * INTERVAL - 1), n3: scrubbed(1) } })).toBe('n1');
  });

  test.each<[string, Given]>([
    ['where none are made', { intervalMs: 0 }],
    ['where a person says so', { wishes: { leaveWithoutScrub: true } }],
    ['where it is a client and was never counted upon', { role: 'client' }],
    [
      'where another was scrubbed lately, and cannot be now',
      { scrubs: { n2: scrubbed(1, { failing: { since: at(-9), message: 'm' } }), n3: scrubbed(1) } },
    ],
  ])('without that %s', (_, given) => expect(next(given)).toBe('n1'));

  test.each<[string, ScrubStatus | undefined]>([
    ['was never scrubbed', undefined],
    ['is being scrubbed', { ...NEVER, running: running() }],
    ['was scrubbed long ago', scrubbed(2 * INTERVAL)],
    ['differs', scrubbed(1, { differing: 1, names: ['data/a'] })],
    ['has files that are fetched again', scrubbed(1, { running: running({ repairing: 1 }) })],
    ['has no file that could be compared', scrubbed(1, { files: 0, skipped: 3 })],
    ['cannot be scrubbed since a while ago', { ...NEVER, failing: { since: at(-1), message: 'm' } }],
    ['could not be scrubbed for ages', { ...NEVER, failing: { since: at(-99 * INTERVAL), message: 'm' } }],
    [
      'differs, and could not be looked at for ages since',
      scrubbed(1, { differing: 1, failing: { since: at(-99 * INTERVAL), message: 'm' } }),
    ],
  ])('not while another %s', (_, n2) => {
    expect(next({ scrubs: { n3: scrubbed(1), ...(n2 !== undefined && { n2 }) } })).toBeUndefined();
  });
});

describe('what differs on the node that writes now', () => {
  const differing = { n2: scrubbed(1, { differing: 1 }) };
  test('keeps no copy from leaving, as long as another one lacks nothing', () => {
    expect(next({ writer: 'n2', scrubs: { ...differing, n3: scrubbed(1) } })).toBe('n1');
    expect(
      next({ writer: 'n2', scrubs: { ...differing, n3: scrubbed(1, { differing: 1 }) } }),
    ).toBeUndefined();
    expect(next({ writer: 'n2', scrubs: differing })).toBeUndefined();
  });

  test('is no excuse for another node, nor for a scrub that it lacks', () => {
    expect(next({ writer: 'n3', scrubs: { ...differing, n3: scrubbed(1) } })).toBeUndefined();
    expect(next({ writer: 'n2', scrubs: { n3: scrubbed(1) } })).toBeUndefined();
  });
});

describe('the copies that stay', () => {
  function requested(given: Given): readonly (string | undefined)[] {
    const seen = leaving(given);
    const members = membersOf(seen, PLACED);
    return members.map((member) => orderOf(seen, member, members).scrub?.requestedAt);
  }

  test('are ordered to be scrubbed, and again when that was too long ago', () => {
    expect(requested({})).toEqual([undefined, at(-NOW), at(-NOW)]);
    const stale = { n2: scrubbed(5 * INTERVAL), n3: scrubbed(1) };
    expect(requested({ scrubs: stale })).toEqual([undefined, at(-3 * INTERVAL), undefined]);
  });

  test('are left alone where another scrub would change nothing', () => {
    for (const given of [
      { differing: 1 },
      { running: running({ repairing: 1 }) },
      { files: 0, skipped: 1 },
    ]) {
      const scrubs = { n2: scrubbed(1, given), n3: scrubbed(1) };
      expect(requested({ scrubs })).toEqual([undefined, undefined, undefined]);
    }
    expect(requested({ scrubs: CLEAN })).toEqual([undefined, undefined, undefined]);
  });

  test('are ordered what a person asks for, of both the later', () => {
    const wishes = { scrubAt: at(-5) };
    expect(requested({ scrubs: CLEAN, wishes })).toEqual([at(-5), at(-5), at(-5)]);
    expect(requested({ wishes, scrubs: { n3: scrubbed(2 * INTERVAL + 2) } })).toEqual([
      at(-5),
      at(-5),
      at(-2),
    ]);
  });
});

test('a copy whose scrub is as old as two intervals lacks one from then on', () => {
  const seen = leaving();
  const old = replica('n2', ALL, { status: { scrubbed: scrubbed(2 * INTERVAL) } });
  expect(scrubLack(seen, old)).toEqual({ node: 'n2', requestedAt: at(0), reason: 'n2 is scrubbed first' });
});

describe('what is told of scrubs', () => {
  function told(given: Given, placed: ReadonlySet<string> = new Set(ALL)): string | undefined {
    const seen = leaving(given);
    const decisions = {
      failover: { kind: 'none' as const },
      flush: { kind: 'not-flushing' as const },
      grant: { kind: 'nobody-asks' as const },
      members: membersOf(seen, placed),
      storageLabel: 'label',
    };
    const found = conditionsOf(seen, decisions).find(({ type }) => type === 'Scrubbed');
    return found && `${found.status} ${found.reason}: ${found.message}`;
  }
  const all = { n1: scrubbed(1), ...CLEAN };

  test.each<[Given, string]>([
    [{ scrubs: all }, 'True AsProven: '],
    [{ scrubs: CLEAN }, 'Unknown NotYet: not compared with what was proven yet: n1'],
    [{ scrubs: { ...all, n2: scrubbed(1, { differing: 2, names: ['a', 'b'] }) } }, 'n2: 2 file(s), a, b'],
    [
      { scrubs: { ...all, n2: { ...scrubbed(1), failing: { since: at(0), message: 'no disk' } } } },
      'False CannotScrub: n2: no disk',
    ],
    [
      { scrubs: { ...all, n2: scrubbed(1, { files: 0, skipped: 2 }) } },
      'False CannotScrub: n2: has 2 file(s), none of which could be compared',
    ],
    [
      { scrubs: { ...all, n2: scrubbed(2 * INTERVAL) } },
      `Unknown Stale: not compared with what was proven for two intervals: n2 was compared last at ${at(-2 * INTERVAL)}`,
    ],
    [
      { scrubs: { ...all, n2: scrubbed(1, { running: running({ startedAt: at(-2 * INTERVAL) }) }) } },
      `n2 is being compared since ${at(-2 * INTERVAL)}`,
    ],
    [{ scrubs: { ...all, n2: scrubbed(2 * INTERVAL - 1) } }, 'True AsProven: '],
    [{ scrubs: { ...all, n2: scrubbed(1, { skipped: 3 }) } }, 'save for 3 file(s) that were being changed'],
  ])('%j', (given, text) => expect(told(given)).toContain(text));

  test('what a leave waits for, and how it goes on without', () => {
    const n2 = { ...NEVER, running: running() };
    const message = told({ scrubs: { n2, n3: scrubbed(1) } }, PLACED);
    expect(message).toContain(
      'False LeaveWaits: the copy on n1 is to go, and n2 is scrubbed first, 7 file(s) so far',
    );
    expect(message).toContain('leave-without-scrub=true');
  });

  test('nothing where none are made', () => expect(told({ intervalMs: 0 })).toBeUndefined());

  test('nobody waits where the copy may go', () => {
    const seen = leaving({ scrubs: CLEAN });
    expect(leaveWaits(seen, membersOf(seen, PLACED))).toBeUndefined();
  });
});
