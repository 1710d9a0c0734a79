import type { FolderStatus } from '../../src/syncthing/client.ts';

/** Of a folder that has all there is, and in which nothing was changed. */
export const IN_SYNC: FolderStatus = {
  state: 'idle',
  errors: 0,
  sequence: 9,
  needTotalItems: 0,
  needDeletes: 0,
  needBytes: 0,
  receiveOnlyTotalItems: 0,
  globalTotalItems: 0,
  globalBytes: 0,
  localTotalItems: 0,
  localBytes: 0,
};
