/** PURE: which file comes next, in which blocks it is hashed, and how slowly. */

const MIN_BLOCK = 128 * 1024;
const MAX_BLOCK = 16 * 1024 * 1024;
const BLOCKS_PER_FILE = 2000;

/** The block size that Syncthing takes for a file of this size: the smallest with fewer than 2000 blocks. */
export function blockSizeOf(bytes: number): number {
  let size = MIN_BLOCK;
  while (size < MAX_BLOCK && bytes >= BLOCKS_PER_FILE * size) size *= 2;
  return size;
}

/** A file that grew or shrank keeps the block size that it had, if it is the next one up or down. */
export function otherBlockSizes(bytes: number): readonly number[] {
  const usual = blockSizeOf(bytes);
  return [usual / 2, usual * 2].filter((size) => size >= MIN_BLOCK && size <= MAX_BLOCK);
}

/**
 * The order in which a tree is walked: a directory's entries by name, each directory with all that is below it before
 * the next entry. Negative: `one` comes first; a directory comes before what is in it.
 */
export function comparePaths(one: string, other: string): number {
  const [left, right] = [one.split('/'), other.split('/')];
  for (const [index, part] of left.entries()) {
    const against = right[index];
    if (against === undefined) return 1;
    if (part !== against) return part < against ? -1 : 1;
  }
  return left.length - right.length;
}

/** Whether all of `entry`, and of what is below it, was looked at when the walk had come to `cursor`. */
export function isBehind(entry: string, cursor: string | undefined): boolean {
  if (cursor === undefined || cursor.startsWith(`${entry}/`)) return false;
  return comparePaths(entry, cursor) <= 0;
}

/** Temporary files of Syncthing, and names that are no UTF-8, which it never has in its index. */
export function isForeign(name: string): boolean {
  return /^(?:\.syncthing\.|~syncthing~)/.test(name) || name.includes('\uFFFD');
}

/** For how long to rest now so that no more than the rate was read since the beginning; negative: so far behind. */
export function restMs(bytes: number, elapsedMs: number, bytesPerSecond: number): number {
  return (bytes * 1000) / bytesPerSecond - elapsedMs;
}

const TIMESTAMP =
  /^(?<seconds>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(?<fraction>\d{1,9}))?(?<zone>Z|[+-]\d\d:\d\d)$/;

/** RFC 3339 with up to nine digits after the point, as nanoseconds since the epoch; undefined for other text. */
export function nanosecondsOf(text: string): bigint | undefined {
  const parts = TIMESTAMP.exec(text)?.groups;
  const seconds = parts?.['seconds'];
  const zone = parts?.['zone'];
  if (seconds === undefined || zone === undefined) return undefined;
  const fraction = (parts?.['fraction'] ?? '').padEnd(9, '0');
  return BigInt(Date.parse(`${seconds}${zone}`)) * 1_000_000n + BigInt(fraction);
}
