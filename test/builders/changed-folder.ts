import type { SyncthingClient } from '../../src/syncthing/client.ts';
import { connectSyncthing } from '../../src/syncthing/connect-syncthing.ts';
import { IN_SYNC } from './folder-status.ts';

/** A Syncthing that takes `names` for changed, as they are when it is asked; nobody answers what is not `given`. */
export function changedFolder(
  names: readonly string[],
  given: Partial<SyncthingClient> = {},
): SyncthingClient {
  return {
    ...connectSyncthing({ socketPath: '/nowhere', apiKey: 'none' }),
    localChanged: async (_, { page = 1, perPage = 100 }) => names.slice((page - 1) * perPage, page * perPage),
    folderStatus: async () => ({ ...IN_SYNC, receiveOnlyTotalItems: names.length }),
    ...given,
  };
}
