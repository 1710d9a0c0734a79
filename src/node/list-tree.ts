import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { isMissing } from './errors.ts';

export interface Tree {
  /** Everything that is no directory; relative to where the listing began. */
  readonly files: readonly string[];
  /** Deepest first. */
  readonly directories: readonly string[];
}

/** What lies below a directory, links not followed; nothing where it is missing. */
export async function listTree(root: string, signal: AbortSignal, below = ''): Promise<Tree> {
  signal.throwIfAborted();
  const files: string[] = [];
  const directories: string[] = [];
  for (const entry of await entriesOf(path.join(root, below))) {
    const relative = path.join(below, entry.name);
    if (!entry.isDirectory()) files.push(relative);
    else {
      const found = await listTree(root, signal, relative);
      files.push(...found.files);
      directories.push(...found.directories, relative);
    }
  }
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
