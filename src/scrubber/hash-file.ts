import { open } from 'node:fs/promises';
import { createBlockDigest } from './block-digest.ts';
import type { Pace } from './pace.ts';

const CHUNK = 256 * 1024;

/** The digests of the file in blocks of each of these sizes; the file is read once, piece by piece. */
export async function hashFile(
  file: string,
  blockSizes: readonly number[],
  pace: Pace,
): Promise<ReadonlySet<string>> {
  const digests = blockSizes.map(createBlockDigest);
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
