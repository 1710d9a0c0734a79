import { createHash, type Hash } from 'node:crypto';

/** Takes a file's bytes in order, in pieces of any size. */
export interface BlockDigest {
  update(chunk: Uint8Array): void;
  /**
   * Syncthing's `blocksHash` of what came, base64: the SHA-256 over the blocks' SHA-256. Three forms: 2.x as it is, 1.x
   * with the Adler-32 of each block behind its hash, and with zeros where a version left the Adler-32 out. A copy may
   * have any of them from whoever hashed the file, so it is the same if one of them matches.
   */
  end(): readonly string[];
}

const ZEROS = new Uint8Array(4);

export function createBlockDigest(blockSize: number): BlockDigest {
  const [plain, weak, zeros] = [createHash('sha256'), createHash('sha256'), createHash('sha256')];
  let block: Hash | undefined;
  let adler = 1;
  let filled = 0;

  function endBlock(): void {
    if (block === undefined) return;
    const digest = block.digest();
    const sum = new Uint8Array(4);
    new DataView(sum.buffer).setUint32(0, adler);
    plain.update(digest);
    weak.update(digest).update(sum);
    zeros.update(digest).update(ZEROS);
    block = undefined;
    adler = 1;
    filled = 0;
  }
  return {
    update(chunk) {
      for (let at = 0; at < chunk.length;) {
        const part = chunk.subarray(at, at + blockSize - filled);
        block ??= createHash('sha256');
        block.update(part);
        adler = adler32(adler, part);
        filled += part.length;
        at += part.length;
        if (filled === blockSize) endBlock();
      }
    },
    end() {
      endBlock();
      return [plain, weak, zeros].map((hash) => hash.digest('base64'));
    },
  };
}

const MODULUS = 65_521;
/** So many bytes can be added before the sums outgrow 32 bits (RFC 1950). */
const BEFORE_MODULUS = 5552;

/** RFC 1950's checksum, carried on from an earlier one; 1 is that of nothing. */
export function adler32(before: number, bytes: Uint8Array): number {
  let low = before & 0xffff;
  let high = before >>> 16;
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(at + BEFORE_MODULUS, bytes.length);
    for (; at < end; at += 1) {
      low += bytes[at] ?? 0;
      high += low;
    }
    low %= MODULUS;
    high %= MODULUS;
  }
  return ((high << 16) | low) >>> 0;
}
