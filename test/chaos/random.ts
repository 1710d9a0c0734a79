/** Random choices that are the same for the same seed, on any machine. */

export interface Random {
  /** A whole number from 0 to `below` - 1. */
  int(below: number): number;
  /** True in `share` of the cases. */
  chance(share: number): boolean;
  /** One of them; throws where there is none. */
  pick<T>(from: readonly T[]): T;
  shuffle<T>(from: readonly T[]): readonly T[];
}

/** FNV-1a: spreads the words of a seed over 32 bits. */
function hash(text: string): number {
  let state = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1)
    state = Math.imul(state ^ text.charCodeAt(index), 0x01000193);
  return state >>> 0;
}

/** mulberry32 over the hash of the words. */
export function randomOf(...words: readonly (string | number)[]): Random {
  let state = hash(words.join('/'));
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const int = (below: number): number => Math.floor(next() * below);
  return {
    int,
    chance: (share) => next() < share,
    pick<T>(from: readonly T[]): T {
      if (from.length === 0) throw new RangeError('there is nothing to pick from');
      // Undefined may be one of them.
      return from[int(from.length)] as T;
    },
    shuffle(from) {
      const keyed = from.map((item) => ({ item, key: next() }));
      return keyed.toSorted((a, b) => a.key - b.key).map(({ item }) => item);
    },
  };
}
