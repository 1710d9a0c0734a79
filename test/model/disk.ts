/** What lies on one disk: the volume's files, Syncthing's database and configuration, state.json. */
import type { DiskState } from '../../src/handoff/disk-state.ts';
import { syncthingModel, type SyncthingModel } from '../builders/syncthing-model.ts';
import type { VersionVector } from './version-vector.ts';

/** `content` names the write that made it; nothing else is known of bytes. */
export interface ModelFile {
  readonly content: number;
  readonly mtime: number;
  readonly isDirectory: boolean;
  /** Of a directory: moves whenever something is put into it. */
  readonly ctime: number;
}

export type Tree = Map<string, ModelFile>;

/** A file in an index; content 0 is a deletion. */
export interface Entry extends ModelFile {
  readonly version: VersionVector;
  readonly sequence: number;
  /** Changed on a receive-only copy: for others it is invalid. */
  readonly isFlagged: boolean;
}

export interface RemoteIndex {
  readonly indexId: number;
  readonly sequence: number;
  readonly entries: ReadonlyMap<string, Entry>;
}

export interface FolderDatabase {
  readonly indexId: number;
  readonly sequence: number;
  readonly local: ReadonlyMap<string, Entry>;
  /** By device id, as last received: a cached view that nobody corrects while that device is away. */
  readonly remote: ReadonlyMap<string, RemoteIndex>;
}

/** A version that Syncthing kept of a file that it replaced or deleted (handoff rule 17). */
export interface KeptVersion {
  readonly name: string;
  readonly file: ModelFile;
  readonly at: number;
  /** It made way for a deletion, not for a newer version. */
  readonly isDeletion: boolean;
}

export interface Disk {
  readonly storeId: string;
  readonly deviceId: string;
  /** `data/`; undefined while nobody made it. */
  tree: Tree | undefined;
  durableTree: Tree | undefined;
  /** The directory of the volume is under `volumes/`. */
  hasDirectory: boolean;
  state: DiskState | undefined;
  /** Our mark in the database's directory. */
  mark: string;
  database: FolderDatabase | undefined;
  durableDatabase: FolderDatabase | undefined;
  config: SyncthingModel;
  /** The daemon had the folder before, with something in it, and took it out. */
  hadFolder: boolean;
  /** Syncthing 1.x has doubled counters, and says that the folder's path is missing (Syncthing #9595). */
  isDoubled: boolean;
  kept: readonly KeptVersion[];
  readonly archives: Map<string, Tree>;
  readonly trash: Tree[];
}

export function newDisk(node: string, life: number): Disk {
  const deviceId = `DEVICE-${node}-${life}`;
  return {
    storeId: `store-${node}-${life}`,
    deviceId,
    tree: undefined,
    durableTree: undefined,
    hasDirectory: false,
    state: undefined,
    mark: `mark-${node}-${life}`,
    database: undefined,
    durableDatabase: undefined,
    config: syncthingModel(deviceId),
    hadFolder: false,
    isDoubled: false,
    kept: [],
    archives: new Map(),
    trash: [],
  };
}

/** syncfs of the file systems that hold the data and the database (handoff rule 20). */
export function syncDisk(disk: Disk): void {
  disk.durableTree = disk.tree === undefined ? undefined : new Map(disk.tree);
  disk.durableDatabase = disk.database;
}

/** A file comes into `data/` or goes, and its directory's ctime moves. */
export function putFile(disk: Disk, name: string, file: ModelFile | undefined): void {
  disk.tree ??= new Map();
  if (file === undefined) disk.tree.delete(name);
  else disk.tree.set(name, file);
  const parent = parentOf(name);
  const directory = parent === undefined ? undefined : disk.tree.get(parent);
  if (parent !== undefined && directory !== undefined)
    disk.tree.set(parent, { ...directory, ctime: directory.ctime + 1 });
}

/** `data/` itself. */
export const ROOT = '.';
export const DIRECTORY: ModelFile = { content: 1, mtime: 1, isDirectory: true, ctime: 1 };

export function parentOf(name: string): string | undefined {
  if (name === ROOT) return undefined;
  return name.includes('/') ? name.slice(0, name.indexOf('/')) : ROOT;
}

export function hasChildren(tree: Tree | undefined, name: string): boolean {
  return [...(tree?.keys() ?? [])].some((other) => parentOf(other) === name);
}
