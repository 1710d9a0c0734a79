import type { FolderStatus, SyncthingClient } from '../../src/syncthing/client.ts';
import { connectSyncthing } from '../../src/syncthing/connect-syncthing.ts';

const STATUS: FolderStatus = {
  state: 'idle',
  errors: 0,
  sequence: 1,
  needTotalItems: 0,
  needDeletes: 0,
  needBytes: 0,
  receiveOnlyTotalItems: 0,
  globalTotalItems: 0,
  globalBytes: 0,
  localTotalItems: 0,
  localBytes: 0,
};

/** A Syncthing that takes `names` for changed, as they are when it is asked; nobody answers what is not `given`. */
export function changedFolder(
  names: readonly string[],
  given: Partial<SyncthingClient> = {},
): SyncthingClient {
  return {
    ...connectSyncthing({ socketPath: '/nowhere', apiKey: 'none' }),
    localChanged: async (_, { page = 1, perPage = 100 }) => names.slice((page - 1) * perPage, page * perPage),
    folderStatus: async () => ({ ...STATUS, receiveOnlyTotalItems: names.length }),
    ...given,
  };
}
