/** One file of a copy, compared with what Syncthing's index says of it. */
import type { BigIntStats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import path from 'node:path';
import type { ScrubFinding } from '../desired/scrub.ts';
import type { FileVersion, SyncthingClient } from '../syncthing/client.ts';
import { hashFile } from './hash-file.ts';
import type { Pace } from './pace.ts';
import { blockSizeOf, nanosecondsOf, otherBlockSizes } from './plan.ts';

export interface CopyUnderScrub {
  readonly client: Pick<SyncthingClient, 'file'>;
  readonly folderId: string;
  readonly root: string;
  readonly pace: Pace;
  /** The index is one of 1.x. */
  readonly withAdler: boolean;
  readonly signal: AbortSignal;
}

export type Outcome =
  | { readonly kind: 'same'; readonly bytes: number }
  /** Not to be judged now: it is not in the index, or somebody changes it. */
  | { readonly kind: 'skipped' }
  | { readonly kind: 'found'; readonly bytes: number; readonly finding: ScrubFinding };

interface Look {
  readonly stats: BigIntStats;
  readonly entry: FileVersion;
}

/** What a file costs beside its bytes: two calls and some seeks. */
const COST_OF_A_FILE = 16 * 1024;

/**
 * Only a file whose size and time are those of the index before and after it was read is judged: any other was changed
 * in the meantime, and Syncthing's own scan finds that.
 */
export async function examineFile(copy: CopyUnderScrub, name: string): Promise<Outcome> {
  await copy.pace.spent(COST_OF_A_FILE);
  const before = await look(copy, name);
  if (before === undefined) return { kind: 'skipped' };
  const bytes = Number(before.stats.size);
  try {
    if (bytes === 0 || (await matches(copy, before, [blockSizeOf(bytes)]))) return { kind: 'same', bytes };
    if (!(await isUnchanged(copy, before))) return { kind: 'skipped' };
    if (await matches(copy, before, [blockSizeOf(bytes), ...otherBlockSizes(bytes)]))
      return { kind: 'same', bytes };
  } catch (error) {
    return unread(before, error);
  }
  if (!(await isUnchanged(copy, before))) return { kind: 'skipped' };
  return { kind: 'found', bytes, finding: findingOf(before, 'differs', 'its bytes are not what was proven') };
}

async function look(
  { client, folderId, root, signal }: CopyUnderScrub,
  name: string,
): Promise<Look | undefined> {
  const entry = (await client.file(folderId, name, { signal }))?.local;
  const stats = await statOf(path.join(root, name));
  if (entry === undefined || stats === undefined) return undefined;
  return isComparable(entry) && isAsIndexed(entry, stats) ? { stats, entry } : undefined;
}

/** Invalid is also what Syncthing takes for changed behind its back: that is not proven, whatever it is. */
function isComparable({ deleted, invalid, blocksHash }: FileVersion): boolean {
  return !deleted && !invalid && blocksHash !== '';
}

function isAsIndexed({ size, modified }: FileVersion, stats: BigIntStats): boolean {
  return stats.isFile() && BigInt(size) === stats.size && nanosecondsOf(modified) === stats.mtimeNs;
}

async function statOf(file: string): Promise<BigIntStats | undefined> {
  try {
    return await lstat(file, { bigint: true });
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

async function matches(
  { root, pace, withAdler }: CopyUnderScrub,
  { entry }: Look,
  blockSizes: readonly number[],
): Promise<boolean> {
  return (await hashFile(path.join(root, entry.name), { blockSizes, withAdler, pace })).has(entry.blocksHash);
}

async function isUnchanged(copy: CopyUnderScrub, before: Look): Promise<boolean> {
  const now = await look(copy, before.entry.name);
  return (
    now?.entry.blocksHash === before.entry.blocksHash &&
    now.stats.ino === before.stats.ino &&
    now.stats.mtimeNs === before.stats.mtimeNs &&
    now.stats.ctimeNs === before.stats.ctimeNs
  );
}

/** A disk that cannot read a sector any more says EIO; what went away meanwhile is no finding. */
function unread(before: Look, error: unknown): Outcome {
  if (codeOf(error) === 'ENOENT') return { kind: 'skipped' };
  if (codeOf(error) !== 'EIO') throw error;
  return { kind: 'found', bytes: 0, finding: findingOf(before, 'unreadable', 'the disk cannot read it') };
}

function findingOf({ entry, stats }: Look, kind: ScrubFinding['kind'], reason: string): ScrubFinding {
  const { name, modifiedBy } = entry;
  return { name, kind, reason, modifiedBy, changedAt: stats.ctime.toISOString() };
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
