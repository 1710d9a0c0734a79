import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { adler32, createBlockDigest } from './block-digest.ts';

/** zlib puts the checksum at the end of its stream. */
function adlerOf(bytes: Uint8Array): number {
  return deflateSync(bytes).readUInt32BE(deflateSync(bytes).length - 4);
}

test('adler32 is what zlib says, in one piece or in two', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 20_000 }), fc.nat(20_000), (bytes, cut) => {
      expect(adler32(1, bytes)).toBe(adlerOf(bytes));
      expect(adler32(adler32(1, bytes.subarray(0, cut)), bytes.subarray(cut))).toBe(adlerOf(bytes));
    }),
  );
});

test('it does not run over where every byte is the largest', () => {
  const bytes = new Uint8Array(200_000).fill(255);
  expect(adler32(1, bytes)).toBe(adlerOf(bytes));
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
    sha256(...blocks.flatMap((block) => [sha256(block), numbered(adlerOf(block))])),
    sha256(...blocks.flatMap((block) => [sha256(block), numbered(0)])),
  ].map((digest) => digest.toString('base64'));
  fc.assert(
    fc.property(fc.nat(9), fc.nat(9), (one, other) => {
      const whole = Buffer.concat(blocks);
      const [from, to] = [Math.min(one, other), Math.max(one, other)];
      const digest = createBlockDigest(4);
      for (const part of [whole.subarray(0, from), whole.subarray(from, to), whole.subarray(to)])
        digest.update(part);
      expect(digest.end()).toEqual(expected);
    }),
  );
});
