/** Where things lie under `host_data_dir`: what the helpers know of it (src/desired/volume-paths.ts), and the node's own. */
import path from 'node:path';
import { ownerFile } from '../runtime/data-dir-owner.ts';
import { storePaths, volumePaths } from '../desired/volume-paths.ts';

export interface VolumeLayout {
  /** `volumes/<folderId>`: what goes to the trash as a whole. */
  readonly directory: string;
  readonly stateFile: string;
  readonly scrubFile: string;
  /** Syncthing's root of the folder. */
  readonly syncRoot: string;
  /** What pods see. */
  readonly data: string;
  /** Where a new `data/` is put together before it takes its place (handoff rule 30). */
  readonly linking: string;
  /** What Syncthing does not carry of `data/`, as a file that it does carry (handoff rule 39). */
  readonly manifest: string;
  /** Where files are put together that take their place in the tree or beside it by a rename. */
  readonly scratch: string;
}

export interface HostLayout {
  readonly hostDataDir: string;
  /** Which instance the directory belongs to. */
  readonly ownerFile: string;
  readonly storeIdFile: string;
  readonly volumes: string;
  readonly archive: string;
  readonly trash: string;
  /** On the same disk as the volumes, so that a directory becomes a volume by a rename (handoff rule 35). */
  readonly imports: string;
  /** Syncthing's home, written by the init container: keys, configuration, database. */
  readonly syncthingHome: string;
  /** Throws for an id that is none of ours. */
  volume(folderId: string): VolumeLayout;
  /** Where the tree of a lost lineage goes that gives way to `epoch` (handoff rule 30). */
  archiveOf(folderId: string, epoch: number): string;
  /** A directory to be taken in; throws for a name that could lead elsewhere. */
  importOf(directory: string): string;
  /** Where that goes which another Syncthing kept in a directory that was taken in. */
  archiveOfImport(folderId: string): string;
  /** Where files go that were changed behind a copy's back, or rotted, and are taken back at `atMs` (handoff rule 8). */
  archiveOfChanges(folderId: string, atMs: number): string;
}

export function hostLayout(hostDataDir: string): HostLayout {
  const { volumes, archive, trash, imports, storeId } = storePaths(hostDataDir);
  return {
    hostDataDir,
    ownerFile: ownerFile(hostDataDir),
    storeIdFile: storeId,
    volumes,
    archive,
    trash,
    imports,
    syncthingHome: path.join(hostDataDir, 'syncthing'),
    volume(folderId) {
      const { directory, sync } = checkedPaths(hostDataDir, folderId);
      return {
        directory,
        stateFile: path.join(directory, 'state.json'),
        scrubFile: path.join(directory, 'scrub.json'),
        syncRoot: sync,
        data: path.join(sync, 'data'),
        linking: path.join(directory, 'linking'),
        manifest: path.join(sync, '.metadata'),
        scratch: path.join(directory, 'scratch'),
      };
    },
    archiveOf: (folderId, epoch) =>
      path.join(checkedPaths(hostDataDir, folderId).archive, String(Math.trunc(epoch))),
    importOf(directory) {
      if (!IMPORT_NAME.test(directory))
        throw new RangeError(`"${directory}" is no name of a directory to import`);
      return path.join(imports, directory);
    },
    archiveOfImport: (folderId) => path.join(checkedPaths(hostDataDir, folderId).archive, 'import'),
    archiveOfChanges: (folderId, atMs) =>
      path.join(checkedPaths(hostDataDir, folderId).archive, `changed-${stampOf(atMs)}`),
  };
}

/** As in the CRD: one plain name, never a path. */
const IMPORT_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/** `20260102T030405678Z`. */
function stampOf(now: number): string {
  return new Date(now).toISOString().replaceAll(/[-:.]/g, '');
}

function checkedPaths(hostDataDir: string, folderId: string) {
  const paths = volumePaths(hostDataDir, folderId);
  if (paths === undefined) throw new RangeError(`"${folderId}" is not a volume id of this driver`);
  return paths;
}
