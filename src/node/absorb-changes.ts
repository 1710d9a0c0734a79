/** Taking back what Syncthing counts as changed on a receiver and is no change (src/handoff/local.ts, `absorb`). */
import type { FileEntry } from '../syncthing/client.ts';
import type { NodeContext } from './context.ts';
import { NodeError } from './errors.ts';

/** More than any folder has directories: the list is of one page. */
const ALL = 1_000_000;

/** A directory that the volume has as well: reverting it can at most set its mode and owner to what they should be. */
function isHarmless(entry: FileEntry | undefined): boolean {
  const { local, global } = entry ?? {};
  return local?.isDirectory === true && !local.deleted && global?.isDirectory === true && !global.deleted;
}

/**
 * Reverts if all that counts as changed are directories that the volume has too. A file, a deletion or a directory of
 * its own is somebody's work behind Syncthing's back: that stays as it is, and is named (handoff rule 8).
 */
export async function absorbChanges(ctx: NodeContext, folderId: string, signal: AbortSignal): Promise<void> {
  const { syncthing } = ctx;
  const names = await syncthing.localChanged(folderId, { signal, perPage: ALL });
  for (const name of names) {
    if (isHarmless(await syncthing.file(folderId, name, { signal }))) continue;
    throw new NodeError('inconsistent', `${name} was changed on ${ctx.node} behind the volume's back`);
  }
  if (names.length > 0) await syncthing.revert(folderId, { signal });
}
