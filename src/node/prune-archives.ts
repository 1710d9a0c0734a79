import path from 'node:path';
import { pruneArchive } from './prune-archive.ts';

export interface PruneAllOptions {
  /** Directories of archives, oldest first. */
  readonly archives: readonly string[];
  /** `data/` of the copy, in sync with the lineage. */
  readonly data: string;
  readonly signal: AbortSignal;
}

export interface Pruned {
  readonly archive: string;
  /** How many files stay. */
  readonly files: number;
}

/**
 * A rejoin that a later lineage broke off has archived a tree as well, of which the last archive has what was not
 * replaced in between: that stays in the oldest. Gives the archives in which something stays.
 */
export async function pruneArchives({ archives, data, signal }: PruneAllOptions): Promise<readonly Pruned[]> {
  const left: Pruned[] = [];
  for (const archive of archives) {
    let files = 0;
    for (const other of [data, ...left.map((earlier) => treeIn(earlier.archive))]) {
      files = await pruneArchive({ archive, kept: treeIn(archive), data: other, signal });
      if (files === 0) break;
    }
    if (files > 0) left.push({ archive, files });
  }
  return left;
}

/** What was `data/`. */
export function treeIn(archive: string): string {
  return path.join(archive, 'data');
}
