import { createHash, type Hash } from 'node:crypto';
import { deflateSync } from 'node:zlib';

/** Takes a file's bytes in order, in pieces of any size. */
export interface BlockDigest {
  update(chunk: Uint8Array): void;
  /**
   * Syncthing's `blocksHash` of what came, base64: the SHA-256 over the blocks' SHA-256. Three forms: 2.x as it is, 1.x
   * with the Adler-32 of each block behind its hash, and with zeros where a version left the Adler-32 out. A copy may
   * have any of them from whoever hashed the file, so it is the same if one of them matches. The form with the Adler-32
   * is there only where it was asked for.
   */
  end(): readonly string[];
}

const ZEROS = new Uint8Array(4);

export function createBlockDigest(blockSize: number, withAdler: boolean): BlockDigest {
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
        if (withAdler) adler = adler32(adler, part);
        filled += part.length;
        at += part.length;
        if (filled === blockSize) endBlock();
      }
    },
    end() {
      endBlock();
      return [plain, zeros, ...(withAdler ? [weak] : [])].map((hash) => hash.digest('base64'));
    },
  };
}

const MODULUS = 65_521;
/** Nothing is compressed, so nothing has to be remembered. */
const SMALL = { level: 0, memLevel: 1, windowBits: 9 };

/**
 * RFC 1950's checksum, carried on from an earlier one; 1 is that of nothing. zlib has it at the end of each stream, and
 * computes it at the speed of memory; a loop in a process without a compiler takes a hundred times as long.
 */
export function adler32(before: number, bytes: Uint8Array): number {
  const stream = deflateSync(bytes, { ...SMALL, chunkSize: bytes.length + 1024 });
  const sum = stream.readUInt32BE(stream.length - 4);
  const [low, high] = [before & 0xffff, before >>> 16];
  const nextLow = (low + (sum & 0xffff) + MODULUS - 1) % MODULUS;
  const nextHigh = (high + (sum >>> 16) + bytes.length * (low + MODULUS - 1)) % MODULUS;
  return ((nextHigh << 16) | nextLow) >>> 0;
}
