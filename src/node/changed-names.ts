import type { NodeContext } from './context.ts';
import { NodeError } from './errors.ts';

/** An answer of some five megabytes; Syncthing makes room for a whole page, however little there is. */
const PER_PAGE = 10_000;

export interface ListingOptions {
  readonly folderId: string;
  readonly perPage?: number;
}

/**
 * Names of all that counts as changed on a receiver, in Syncthing's root, a page at a time: in 1.x that may be every
 * directory of a volume, with paths as long as a pod likes. What goes from the list meanwhile moves up what comes after
 * it, so that the next page would begin too late; and what nobody saw would be taken back without a copy. The listing
 * fails then, and whoever wants it begins again.
 */
export async function* changedNames(
  { syncthing, node }: Pick<NodeContext, 'syncthing' | 'node'>,
  { folderId, perPage = PER_PAGE }: ListingOptions,
  signal: AbortSignal,
): AsyncGenerator<readonly string[]> {
  const only = await syncthing.localChanged(folderId, { signal, perPage });
  if (only.length < perPage) {
    yield only;
    return;
  }
  const count = async (): Promise<number> =>
    (await syncthing.folderStatus(folderId, { signal })).receiveOnlyTotalItems;
  const before = await count();
  for (let page = 1; ; page += 1) {
    const names = await syncthing.localChanged(folderId, { signal, page, perPage });
    if ((await count()) !== before)
      throw new NodeError('inconsistent', `what counts as changed on ${node} changed while it was listed`);
    yield names;
    if (names.length < perPage) return;
  }
}
