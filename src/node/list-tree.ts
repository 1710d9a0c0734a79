import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { isMissing } from './errors.ts';

export interface Tree {
  /** Everything that is no directory; relative to where the listing began. */
  readonly files: readonly string[];
  /** Deepest first. */
  readonly directories: readonly string[];
}

/** What a listing needs to know of an entry. */
interface Entry {
  readonly name: string;
  isDirectory(): boolean;
}

/**
 * What lies below a directory, links not followed; nothing where it is missing. Each entry is appended by itself: the
 * versions of a large volume are more than a call may have arguments.
 */
export async function listTree(
  root: string,
  signal: AbortSignal,
  read: (directory: string) => Promise<readonly Entry[]> = entriesOf,
): Promise<Tree> {
  const files: string[] = [];
  const directories: string[] = [];
  async function list(below: string): Promise<void> {
    signal.throwIfAborted();
    for (const entry of await read(path.join(root, below))) {
      const relative = path.join(below, entry.name);
      if (!entry.isDirectory()) {
        files.push(relative);
        continue;
      }
      await list(relative);
      directories.push(relative);
    }
  }
  await list('');
  return { files, directories };
}

/** None where there is no such directory. */
async function entriesOf(directory: string) {
  try {
    return await readdir(directory, { withFileTypes: true });
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
