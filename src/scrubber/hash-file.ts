import { open } from 'node:fs/promises';
import { createBlockDigest } from './block-digest.ts';
import type { Pace } from './pace.ts';

const CHUNK = 128 * 1024;

export interface HashOptions {
  readonly blockSizes: readonly number[];
  /** The form of 1.x as well. */
  readonly withAdler: boolean;
  readonly pace: Pace;
}

/** The digests of the file in blocks of each of these sizes; the file is read once, piece by piece. */
export async function hashFile(
  file: string,
  { blockSizes, withAdler, pace }: HashOptions,
): Promise<ReadonlySet<string>> {
  const digests = blockSizes.map((size) => createBlockDigest(size, withAdler));
  const handle = await open(file, 'r');
  try {
    const buffer = Buffer.allocUnsafe(CHUNK);
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, CHUNK);
      if (bytesRead === 0) break;
      const chunk = buffer.subarray(0, bytesRead);
      for (const digest of digests) digest.update(chunk);
      await pace.spent(bytesRead);
    }
  } finally {
    await handle.close();
  }
  return new Set(digests.flatMap((digest) => digest.end()));
}
