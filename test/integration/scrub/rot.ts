import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import type { ScrubFinding } from '../../../src/desired/scrub.ts';

/** Changes one byte as a disk would that forgets: size and time stay, to the nanosecond. */
export function flipByte(file: string, at: number): void {
  const before = fs.statSync(file, { bigint: true });
  const handle = fs.openSync(file, 'r+');
  const byte = Buffer.alloc(1);
  fs.readSync(handle, byte, 0, 1, at);
  byte[0] = (byte[0] ?? 0) ^ 1;
  fs.writeSync(handle, byte, 0, 1, at);
  fs.closeSync(handle);
  const seconds = before.mtimeNs / 1_000_000_000n;
  const fraction = String(before.mtimeNs % 1_000_000_000n).padStart(9, '0');
  // Node's own utimes knows no nanoseconds.
  execFileSync('touch', ['-m', '-d', `@${seconds}.${fraction}`, file]);
}

/** As a scrub writes down what it found. */
export function findingOf(name: string, blocksHash = ''): ScrubFinding {
  const changedAt = new Date().toISOString();
  return { name, kind: 'differs', reason: '', blocksHash, modifiedBy: '', changedAt };
}
