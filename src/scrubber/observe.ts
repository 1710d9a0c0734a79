/** One file of a copy, compared with what Syncthing's index says of it. */
import type { BigIntStats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import path from 'node:path';
import type { ScrubFinding, ScrubMatch } from '../desired/scrub.ts';
import { errnoOf } from '../runtime/errno.ts';
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
  | { readonly kind: 'same'; readonly bytes: number; readonly match: ScrubMatch }
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
  try {
    const before = await look(copy, name);
    return before === undefined ? SKIPPED : await compare(copy, before);
  } catch (error) {
    const errno = unreadErrno(error);
    return errno === undefined ? SKIPPED : unreadable(name, errno);
  }
}

const SKIPPED: Outcome = { kind: 'skipped' };

async function compare(copy: CopyUnderScrub, before: Look): Promise<Outcome> {
  const { stats, entry } = before;
  const bytes = Number(stats.size);
  const judged = bytes === 0 ? 'same' : await judge(copy, before);
  if (judged === 'changed') return SKIPPED;
  const { name, blocksHash, modifiedBy } = entry;
  if (judged === 'same') return { kind: 'same', bytes, match: { name, blocksHash, modifiedBy } };
  const changedAt = stats.ctime.toISOString();
  const reason = 'its bytes are not what was proven';
  return {
    kind: 'found',
    bytes,
    finding: { name, kind: 'differs', reason, blocksHash, modifiedBy, changedAt },
  };
}

/** Read once more where it differs: in other blocks too, and what differs only once is no rot. */
async function judge(copy: CopyUnderScrub, before: Look): Promise<'same' | 'differs' | 'changed'> {
  const { root, pace, withAdler } = copy;
  const { stats, entry } = before;
  const usual = blockSizeOf(Number(stats.size));
  for (const blockSizes of [[usual], [usual, ...otherBlockSizes(Number(stats.size))]]) {
    const options = { seen: stats, blockSizes, withAdler, pace };
    const digests = await hashFile(path.join(root, entry.name), options);
    if (digests === undefined) return 'changed';
    if (digests.has(entry.blocksHash)) return 'same';
    if (!(await isUnchanged(copy, before))) return 'changed';
  }
  return 'differs';
}

async function look(
  { client, folderId, root, signal }: CopyUnderScrub,
  name: string,
): Promise<Look | undefined> {
  const entry = (await client.file(folderId, name, { signal }))?.local;
  if (entry === undefined || !isComparable(entry)) return undefined;
  const stats = await lstat(path.join(root, name), { bigint: true });
  return isAsIndexed(entry, stats) ? { stats, entry } : undefined;
}

/** Invalid is also what Syncthing takes for changed behind its back: that is not proven, whatever it is. */
function isComparable({ deleted, invalid, blocksHash }: FileVersion): boolean {
  return !deleted && !invalid && blocksHash !== '';
}

function isAsIndexed({ size, modified }: FileVersion, stats: BigIntStats): boolean {
  return stats.isFile() && BigInt(size) === stats.size && nanosecondsOf(modified) === stats.mtimeNs;
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

/** What went away, or was replaced by a link, is no finding. */
const GONE: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP']);

/** Why the disk does not give a file or a directory away; undefined where it is gone. What is no errno is thrown on. */
export function unreadErrno(error: unknown): string | undefined {
  const errno = errnoOf(error);
  if (errno === undefined) throw error;
  return GONE.has(errno) ? undefined : errno;
}

/** One such file, or directory with all that is in it, keeps nobody from looking at the others. */
export function unreadable(name: string, errno: string): Outcome {
  const reason = `the disk does not give it away (${errno})`;
  const unknown = { blocksHash: '', modifiedBy: '', changedAt: new Date(0).toISOString() };
  return { kind: 'found', bytes: 0, finding: { name, kind: 'unreadable', reason, ...unknown } };
}
