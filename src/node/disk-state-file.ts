/** `state.json` of each volume, as src/handoff/disk-state.ts defines it: read strictly, written durably. */
import { readdir } from 'node:fs/promises';
import type { HostLayout } from './host-layout.ts';
import { parseVolumeId } from '../desired/volume-id.ts';
import type { DiskState } from '../handoff/disk-state.ts';
import { makeDirectoryDurably, readIfPresent, writeDurably } from '../runtime/durable-file.ts';
import { parseState, writtenState } from './disk-state-version.ts';
import { isMissing, NodeError } from './errors.ts';
import { exists } from './exists.ts';

export interface DiskStates {
  /** Undefined where the volume has no directory here; throws where it has one and nothing says what it is. */
  read(folderId: string): Promise<DiskState | undefined>;
  /** Begins a copy: makes the volume's directory too. On the disk when it returns. */
  create(state: DiskState): Promise<void>;
  /**
   * On the disk when it returns. Rejects where the volume's directory is gone, and never makes one: the deleter may move
   * it away meanwhile, and a new one would be an orphan that nobody removes.
   */
  write(state: DiskState): Promise<void>;
  /** Volumes with a directory here, in no order; what is none of ours is left out. */
  list(): Promise<readonly string[]>;
}

export function createDiskStates(layout: HostLayout, storeId: string): DiskStates {
  return {
    read: (folderId) => read(layout, folderId, storeId),
    async create(state) {
      await makeDirectoryDurably(layout.volume(state.folderId).directory);
      await write(layout, state);
    },
    write: (state) => write(layout, state),
    async list() {
      const entries = await readdir(layout.volumes, { withFileTypes: true });
      return entries
        .filter((entry) => entry.isDirectory() && parseVolumeId(entry.name))
        .map((entry) => entry.name);
    },
  };
}

async function write(layout: HostLayout, state: DiskState): Promise<void> {
  const { directory, stateFile } = layout.volume(state.folderId);
  try {
    await writeDurably(stateFile, writtenState(state));
  } catch (cause) {
    if (!isMissing(cause)) throw cause;
    throw new NodeError('inconsistent', `${directory} went away while its volume was looked at`, { cause });
  }
}

async function read(layout: HostLayout, folderId: string, storeId: string): Promise<DiskState | undefined> {
  const { stateFile, syncRoot } = layout.volume(folderId);
  const text = await readIfPresent(stateFile);
  if (text === undefined) {
    if (!(await exists(syncRoot))) return undefined;
    const remedy =
      'restore the file; if that is lost, and no pod of this node writes here, move the directory away to start as an empty copy';
    throw new NodeError('inconsistent', `${syncRoot} has files and ${stateFile} is missing: ${remedy}`);
  }
  const state = parseState(stateFile, text);
  if (state.folderId !== folderId || state.storeId !== storeId) {
    throw new NodeError(
      'inconsistent',
      `${stateFile} speaks of ${state.folderId} on store ${state.storeId}, and this is ${folderId} on store ${storeId}: ` +
        'a copied disk is not the copy it was; move the directory away to start as an empty copy',
    );
  }
  return state;
}
