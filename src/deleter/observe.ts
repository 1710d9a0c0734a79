import { lstat, readdir } from 'node:fs/promises';
import type { NodeView } from '../desired/node-view.ts';
import { storePaths } from '../desired/volume-paths.ts';
import { localSyncthing } from '../runtime/local-syncthing.ts';
import type { ObservedStore } from './plan.ts';

/** The directories under `volumes/` and `trash/`. */
export async function observeDisk(
  view: Pick<NodeView, 'hostDataDir'>,
): Promise<Pick<ObservedStore, 'volumes' | 'trash'>> {
  const { volumes, trash } = storePaths(view.hostDataDir);
  return { volumes: await directoriesIn(volumes), trash: await directoriesIn(trash) };
}

/** One that is not made yet has nothing in it; one that is a link would lead elsewhere. */
async function directoriesIn(directory: string): Promise<readonly string[]> {
  try {
    if (!(await lstat(directory)).isDirectory())
      throw new Error(`${directory} is not a directory: remove what it is`);
    const entries = await readdir(directory, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

export async function observeFolders(
  view: NodeView,
  signal: AbortSignal,
): Promise<Required<Pick<ObservedStore, 'folderIds' | 'pausedIds'>>> {
  using syncthing = await localSyncthing(view);
  const { folders } = await syncthing.needed(syncthing.client.config({ signal }));
  const paused = folders.filter((folder) => folder.paused === true);
  return { folderIds: folders.map(({ id }) => id), pausedIds: paused.map(({ id }) => id) };
}
