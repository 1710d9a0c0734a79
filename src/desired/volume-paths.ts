import { join } from 'node:path';
import { parseVolumeId } from './volume-id.ts';

/** The directories of one instance under `host_data_dir` that helpers touch (docs/design.md, "State"). */
export interface StorePaths {
  readonly volumes: string;
  readonly archive: string;
  readonly trash: string;
  /** Where people put what is to become a volume. */
  readonly imports: string;
  readonly storeId: string;
}

export function storePaths(hostDataDir: string): StorePaths {
  return {
    volumes: join(hostDataDir, 'volumes'),
    archive: join(hostDataDir, 'archive'),
    trash: join(hostDataDir, 'trash'),
    imports: join(hostDataDir, 'import'),
    storeId: join(hostDataDir, 'store-id'),
  };
}

export interface VolumePaths {
  /** Holds `state.json` and `sync/`; moved as a whole when the bytes go. */
  readonly directory: string;
  /** Syncthing's root of the folder. */
  readonly sync: string;
  /** Without it Syncthing refuses to touch the folder: an unmounted disk is not an empty volume. */
  readonly marker: string;
  /** Where the archives of this volume's lineages are. */
  readonly archive: string;
}

/**
 * The paths of one volume on this disk; undefined for a folder id that is none of ours, so that no path is ever built
 * from an id with `../` or a slash in it.
 */
export function volumePaths(hostDataDir: string, folderId: string): VolumePaths | undefined {
  if (parseVolumeId(folderId) === undefined) return undefined;
  const store = storePaths(hostDataDir);
  const directory = join(store.volumes, folderId);
  const sync = join(directory, 'sync');
  return { directory, sync, marker: join(sync, '.stfolder'), archive: join(store.archive, folderId) };
}
