import type { FileVersion } from '../../src/syncthing/client.ts';

/** An entry of an index with nothing remarkable about it. */
export const FILE_VERSION: FileVersion = {
  name: '',
  isDirectory: false,
  deleted: false,
  invalid: false,
  sequence: 1,
  size: 1,
  modified: '',
  blocksHash: '',
  modifiedBy: 'OTHER',
  version: [],
  localFlags: 0,
};
