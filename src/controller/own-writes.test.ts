import { beforeEach, describe, expect, test } from 'vitest';
import { createFakeClock, type FakeClock } from '../runtime/fake-clock.ts';
import { createOwnWrites, type OwnWrites } from './own-writes.ts';

interface Thing {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

function thing(version: number, uid = 'u1', name = 'a'): Thing {
  return { name, uid, resourceVersion: String(version) };
}

describe('a cache that knows its own writes', () => {
  let clock: FakeClock;
  let cached: Map<string, Thing>;
  let known: OwnWrites<Thing>;

  beforeEach(() => {
    clock = createFakeClock(1000);
    cached = new Map([['a', thing(5)]]);
    known = createOwnWrites(
      { synced: true, contactAt: 1, get: (name) => cached.get(name), items: () => [...cached.values()] },
      clock,
    );
  });

  test('without writes it is the cache', () => {
    expect(known.get('a')).toEqual(thing(5));
    expect(known.items()).toEqual([thing(5)]);
    expect(known.synced).toBe(true);
  });

  test('a write counts at once, and until the watch brings it or something newer', () => {
    known.note(thing(12));
    expect(known.get('a')).toEqual(thing(12));
    cached.set('a', thing(9));
    known.seen(thing(9));
    expect(known.items()).toEqual([thing(12)]);
    cached.set('a', thing(100));
    known.seen(thing(100));
    expect(known.get('a')).toEqual(thing(100));
  });

  test('an answer older than what is known is not taken back to', () => {
    known.note(thing(4));
    expect(known.get('a')).toEqual(thing(5));
  });

  test('what was made is there before the watch brings it', () => {
    known.note(thing(7, 'u2', 'b'));
    expect(known.items().map((each) => each.name)).toEqual(['a', 'b']);
  });

  test('what was deleted is gone at once; a new one of the name is not', () => {
    known.noteGone(thing(5));
    expect(known.get('a')).toBeUndefined();
    expect(known.items()).toEqual([]);
    cached.set('a', thing(8, 'u2'));
    known.seen(thing(8, 'u2'));
    expect(known.get('a')).toEqual(thing(8, 'u2'));
  });

  test('what others deleted after our write is gone when the watch says so', () => {
    known.note(thing(12));
    cached.delete('a');
    known.seenGone(thing(5));
    expect(known.get('a')).toBeUndefined();
  });

  test('the end of an earlier object says nothing about the one we made', () => {
    known.note(thing(12, 'u2'));
    cached.delete('a');
    known.seenGone(thing(5, 'u1'));
    expect(known.get('a')).toEqual(thing(12, 'u2'));
  });

  test('what the watch never brings is forgotten', async () => {
    known.note(thing(7, 'u2', 'b'));
    await clock.advance(60_001);
    expect(known.get('b')).toBeUndefined();
  });
});
