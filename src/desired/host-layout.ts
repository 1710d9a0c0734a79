/**
 * Where things lie under `host_data_dir` on a node. Folder ids are volume ids, checked by parseVolumeId before they get
 * here; what has another form is refused, so that no path built here can leave the directory.
 */
import path from 'node:path';
import { parseVolumeId } from './volume-id.ts';

export interface VolumePaths {
  /** `volumes/<folderId>`: what goes to the trash as a whole. */
  readonly directory: string;
  readonly stateFile: string;
  /** Syncthing's root of the folder. */
  readonly syncRoot: string;
  /** What pods see. */
  readonly data: string;
}

export interface HostLayout {
  /** Which instance the directory belongs to. */
  readonly ownerFile: string;
  readonly storeIdFile: string;
  readonly volumes: string;
  readonly archive: string;
  readonly trash: string;
  /** Throws for an id that is none of ours. */
  volume(folderId: string): VolumePaths;
  /** Where the tree of a lost lineage goes that gives way to `epoch` (handoff rule 30). */
  archiveOf(folderId: string, epoch: number): string;
}

export function hostLayout(hostDataDir: string): HostLayout {
  const volumes = path.join(hostDataDir, 'volumes');
  const archive = path.join(hostDataDir, 'archive');
  return {
    ownerFile: path.join(hostDataDir, 'owner'),
    storeIdFile: path.join(hostDataDir, 'store-id'),
    volumes,
    archive,
    trash: path.join(hostDataDir, 'trash'),
    volume(folderId) {
      const directory = path.join(volumes, checked(folderId));
      const syncRoot = path.join(directory, 'sync');
      return { directory, stateFile: path.join(directory, 'state.json'), syncRoot, data: path.join(syncRoot, 'data') };
    },
    archiveOf: (folderId, epoch) => path.join(archive, checked(folderId), String(Math.trunc(epoch))),
  };
}

function checked(folderId: string): string {
  if (parseVolumeId(folderId) === undefined) throw new RangeError(`"${folderId}" is not a volume id of this driver`);
  return folderId;
}
