/** Before a revert: files that the volume does not have any more, and that Syncthing would keep (handoff rule 8). */
import { unlink } from 'node:fs/promises';
import { bytePath } from '../metadata/byte-path.ts';
import { statIn } from '../metadata/look-in-tree.ts';
import { OpenTree } from '../metadata/open-tree.ts';
import type { SyncthingClient } from '../syncthing/client.ts';
import { isDeletedElsewhere } from './judge-changes.ts';

export interface RemoveDeletedOptions {
  readonly folderId: string;
  /** Syncthing's root. */
  readonly root: string;
  /** Where they were set aside, by the same paths. */
  readonly archive: string;
  /** In Syncthing's root. */
  readonly names: readonly string[];
}

/** Names go into the address of the call, of which Go takes a megabyte, and may be 4 KiB each. */
const SCANNED_AT_ONCE = 50;

/**
 * A revert gives a file no version, and then a deletion whose version has a counter of this very node is a conflict to
 * Syncthing: it keeps the file in the deletion's version, and lacks nothing (1.30, found by chaos: files that came back
 * under a later pod). Only what has a second name in the archive is removed. Gives the number.
 */
export async function removeDeleted(
  syncthing: Pick<SyncthingClient, 'file' | 'scan'>,
  { folderId, root, archive, names }: RemoveDeletedOptions,
  signal: AbortSignal,
): Promise<number> {
  if (names.length === 0) return 0;
  using tree = new OpenTree(root);
  using aside = new OpenTree(archive);
  const removed: string[] = [];
  for (const name of names) {
    if (!(await isKept({ tree, aside }, name))) continue;
    const entry = await syncthing.file(folderId, name, { signal });
    const place = tree.reach(bytePath(name));
    if (place === undefined || entry === undefined || !isDeletedElsewhere(entry)) continue;
    await unlink(place);
    removed.push(name);
  }
  for (let start = 0; start < removed.length; start += SCANNED_AT_ONCE)
    await syncthing.scan(folderId, { signal, sub: removed.slice(start, start + SCANNED_AT_ONCE) });
  return removed.length;
}

/** What is there, be it a link, has its second name in the archive. */
async function isKept(
  { tree, aside }: { readonly tree: OpenTree; readonly aside: OpenTree },
  name: string,
): Promise<boolean> {
  const found = await statIn(tree, bytePath(name));
  const kept = await statIn(aside, bytePath(name));
  return found?.isDirectory() === false && found.ino === kept?.ino && found.dev === kept.dev;
}
