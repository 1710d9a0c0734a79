import { constants, type BigIntStats } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { createBlockDigest } from './block-digest.ts';
import type { Pace } from './pace.ts';

const CHUNK = 128 * 1024;
/** After so many bytes it is looked whether the file still is the one that is meant. */
const LOOK_AGAIN = 64 * 1024 * 1024;

export interface HashOptions {
  /** The file as it was seen before: what is another one by now, or was written to, is not read to its end. */
  readonly seen: Pick<BigIntStats, 'dev' | 'ino' | 'size' | 'mtimeNs'>;
  readonly blockSizes: readonly number[];
  /** The form of 1.x as well. */
  readonly withAdler: boolean;
  readonly pace: Pace;
}

/**
 * The digests of the file in blocks of each of these sizes; undefined where it changed. It is read once, piece by
 * piece, and no further than it was long: one that is appended to has no end. Neither a link nor a FIFO that came in
 * its place is followed or waited for.
 */
export async function hashFile(
  file: string,
  { seen, blockSizes, withAdler, pace }: HashOptions,
): Promise<ReadonlySet<string> | undefined> {
  const digests = blockSizes.map((size) => createBlockDigest(size, withAdler));
  await using handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  const buffer = Buffer.allocUnsafe(CHUNK);
  const size = Number(seen.size);
  let lookAt = 0;
  for (let at = 0; at < size;) {
    if (at >= lookAt) {
      if (!(await isSame(handle, seen))) return undefined;
      lookAt += LOOK_AGAIN;
    }
    const { bytesRead } = await handle.read(buffer, 0, Math.min(CHUNK, size - at));
    if (bytesRead === 0) return undefined;
    const chunk = buffer.subarray(0, bytesRead);
    for (const digest of digests) digest.update(chunk);
    at += bytesRead;
    await pace.spent(bytesRead);
  }
  return new Set(digests.flatMap((digest) => digest.end()));
}

async function isSame(handle: FileHandle, seen: HashOptions['seen']): Promise<boolean> {
  const now = await handle.stat({ bigint: true });
  const isIt = now.isFile() && now.dev === seen.dev && now.ino === seen.ino;
  return isIt && now.size === seen.size && now.mtimeNs === seen.mtimeNs;
}
