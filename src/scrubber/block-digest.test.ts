import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { adler32, createBlockDigest } from './block-digest.ts';

/** As RFC 1950 says it. */
function adlerOf(bytes: Uint8Array): number {
  let [low, high] = [1, 0];
  for (const byte of bytes) {
    low = (low + byte) % 65_521;
    high = (high + low) % 65_521;
  }
  return ((high << 16) | low) >>> 0;
}

test('adler32 is what RFC 1950 says, in one piece or in several', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2_000 }), fc.nat(2_000), (bytes, cut) => {
      expect(adler32(1, bytes)).toBe(adlerOf(bytes));
      expect(adler32(adler32(1, bytes.subarray(0, cut)), bytes.subarray(cut))).toBe(adlerOf(bytes));
    }),
  );
});

test('it does not run over where every byte is the largest', () => {
  const bytes = new Uint8Array(200_000).fill(255);
  expect(adler32(1, bytes)).toBe(adlerOf(bytes));
  expect(adler32(adler32(1, bytes.subarray(0, 100_000)), bytes.subarray(100_000))).toBe(adlerOf(bytes));
});

function sha256(...parts: readonly Uint8Array[]): Buffer {
  return createHash('sha256').update(Buffer.concat(parts)).digest();
}

function numbered(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32BE(value);
  return buffer;
}

test('a digest is that of the blocks, however the bytes come', () => {
  const blocks = ['abcd', 'efgh', 'i'].map((text) => Buffer.from(text));
  const expected = [
    sha256(...blocks.map((block) => sha256(block))),
    sha256(...blocks.flatMap((block) => [sha256(block), numbered(0)])),
    sha256(...blocks.flatMap((block) => [sha256(block), numbered(adlerOf(block))])),
  ].map((digest) => digest.toString('base64'));
  fc.assert(
    fc.property(fc.nat(9), fc.nat(9), fc.boolean(), (one, other, withAdler) => {
      const whole = Buffer.concat(blocks);
      const [from, to] = [Math.min(one, other), Math.max(one, other)];
      const digest = createBlockDigest(4, withAdler);
      for (const part of [whole.subarray(0, from), whole.subarray(from, to), whole.subarray(to)])
        digest.update(part);
      expect(digest.end()).toEqual(withAdler ? expected : expected.slice(0, 2));
    }),
  );
});
