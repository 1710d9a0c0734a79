import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { unreadErrno } from './observe.ts';
import { isBehind, isForeign } from './plan.ts';

export type WalkedEntry =
  | { readonly kind: 'file'; readonly name: string }
  /** A directory: what is in it is passed by. */
  | { readonly kind: 'unreadable'; readonly name: string; readonly errno: string };

/** The files below `directory` that the walk has not come to yet, in its order; names relative to `root`. */
export async function* filesAfter(
  root: string,
  directory: string,
  cursor: string | undefined,
): AsyncGenerator<WalkedEntry> {
  const listed = await listDirectory(path.join(root, directory));
  if (listed.kind === 'unreadable') yield { kind: 'unreadable', name: directory, errno: listed.errno };
  else
    for (const entry of listed.entries) {
      const name = `${directory}/${entry.name}`;
      if (isForeign(entry.name) || isBehind(name, cursor)) continue;
      if (entry.isDirectory()) yield* filesAfter(root, name, cursor);
      else if (entry.isFile()) yield { kind: 'file', name };
    }
}

type Listing =
  | { readonly kind: 'listed'; readonly entries: readonly Dirent[] }
  | { readonly kind: 'unreadable'; readonly errno: string };

/** Nothing is in one that is gone since its parent was read, nor in that of a volume that nobody has written yet. */
async function listDirectory(directory: string): Promise<Listing> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    return { kind: 'listed', entries: entries.sort((one, other) => (one.name < other.name ? -1 : 1)) };
  } catch (error) {
    const errno = unreadErrno(error);
    return errno === undefined ? { kind: 'listed', entries: [] } : { kind: 'unreadable', errno };
  }
}
