/**
 * Content that says whose it is: every line names the write and its own place, so that a piece of one write in the file
 * of another is seen, and a file cut short is told from a wrong one.
 */
import { createHash } from 'node:crypto';

const LINE = 64;

/** The first `size` bytes of the content of that name. A name has no line break and at most 40 characters. */
export function contentOf(name: string, size: number): Buffer {
  const lines = Math.ceil(size / LINE);
  const parts: string[] = [];
  for (let line = 0; line < lines; line += 1) parts.push(`${`${name} ${line} `.padEnd(LINE - 1, '.')}\n`);
  return Buffer.from(parts.join(''), 'latin1').subarray(0, size);
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Hex digest of the first `size` bytes of that content. */
export function digestOf(name: string, size: number): string {
  return sha256Of(contentOf(name, size));
}

/** Large files are written and looked at in blocks of this size, the smallest that Syncthing knows. */
export const BLOCK_SIZE = 128 * 1024;

/** Whose block it is, if it is a whole block of one write. */
export function blockOwner(block: Buffer): string | undefined {
  const end = block.indexOf(' ');
  if (end < 1 || end > 40) return undefined;
  const name = block.toString('latin1', 0, end);
  return block.equals(contentOf(name, block.length)) ? name : undefined;
}
