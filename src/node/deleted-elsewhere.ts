import path from 'node:path';
import type { SyncthingClient } from '../syncthing/client.ts';
import { isDeletedElsewhere } from './judge-changes.ts';

/**
 * Of names that count as changed here, in Syncthing's root, those that the volume deleted. To be asked before a revert:
 * until then this copy's own version counts for nothing, and afterwards Syncthing may have the file in the deletion's
 * very version, and tell of the file. A directory is listed once for all names in it.
 */
export async function deletedElsewhere(
  syncthing: Pick<SyncthingClient, 'browse' | 'file'>,
  { folderId, names }: { readonly folderId: string; readonly names: readonly string[] },
  signal: AbortSignal,
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const [directory, within] of Map.groupBy(names, (name) => path.posix.dirname(name))) {
    const prefix = directory === '.' ? {} : { prefix: directory };
    const entries = await syncthing.browse(folderId, { signal, ...prefix, levels: 0 });
    const listed = new Set(entries.map(({ name }) => name));
    for (const name of within.filter((each) => !listed.has(path.posix.basename(each)))) {
      const entry = await syncthing.file(folderId, name, { signal });
      if (entry !== undefined && isDeletedElsewhere(entry)) found.push(name);
    }
  }
  return found;
}
