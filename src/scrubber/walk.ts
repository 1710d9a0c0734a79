import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { isBehind, isForeign } from './plan.ts';

/** The files below `directory` that the walk has not come to yet, in its order; names relative to `root`. */
export async function* filesAfter(
  root: string,
  directory: string,
  cursor: string | undefined,
): AsyncGenerator<string> {
  for (const entry of await entriesOf(path.join(root, directory))) {
    const name = `${directory}/${entry.name}`;
    if (isForeign(entry.name) || isBehind(name, cursor)) continue;
    if (entry.isDirectory()) yield* filesAfter(root, name, cursor);
    else if (entry.isFile()) yield name;
  }
}

async function entriesOf(directory: string) {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    return entries.sort((one, other) => (one.name < other.name ? -1 : 1));
  } catch (error) {
    // Gone since its parent was read, or a volume that nobody has written yet.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
