import type { DeviceConfig, FolderConfig, SyncthingConfig } from './config-schema.ts';

export type { DeviceConfig, FolderConfig, SyncthingConfig } from './config-schema.ts';

/** Every call can be cancelled and ends by itself; `timeoutMs` is 10 s unless the method says otherwise. */
export interface CallOptions {
  readonly signal: AbortSignal;
  readonly timeoutMs?: number;
}

/** `startTime` is RFC 3339 text; another value than before means that the daemon was restarted. */
export interface SystemStatus {
  readonly myID: string;
  readonly startTime: string;
  readonly uptimeSeconds: number;
}

/**
 * What a folder does now, in Syncthing's words. `not-running` stands for the empty text of a folder
 * that is paused or not yet started (all counts are then 0 and mean nothing), `unknown` for a word
 * of a later version. Only `idle` counts in a proof.
 */
export type FolderState =
  | 'idle'
  | 'scanning'
  | 'scan-waiting'
  | 'sync-waiting'
  | 'sync-preparing'
  | 'syncing'
  | 'cleaning'
  | 'clean-waiting'
  | 'starting'
  | 'error'
  | 'not-running'
  | 'unknown';

/** `GET /rest/db/status`: this device's view of a folder. Counts are items, sizes bytes. */
export interface FolderStatus {
  readonly state: FolderState;
  /** The folder's own error ("folder marker missing"), not those of single files. */
  readonly error?: string;
  /** How many files could not be scanned or pulled; the texts are in {@link SyncthingClient.folderErrors}. */
  readonly errors: number;
  readonly watchError?: string;
  /** Not comparable before 1.27.4; take {@link Completion.sequence} where versions mix. */
  readonly sequence: number;
  /**
   * How far this device knows the indexes of others, by device id; a device that is missing counts
   * as 0. Absent before 1.27.4. Later versions read it after the needs: what proves something takes
   * it from one status and the needs from a later one.
   */
  readonly remoteSequence?: Readonly<Record<string, number>>;
  /** Files, directories, symlinks and deletions still to be pulled. */
  readonly needTotalItems: number;
  readonly needDeletes: number;
  readonly needBytes: number;
  /** What was changed on a receive-only folder behind Syncthing's back; 0 for other types. */
  readonly receiveOnlyTotalItems: number;
  readonly globalTotalItems: number;
  readonly globalBytes: number;
  readonly localTotalItems: number;
  readonly localBytes: number;
}

/** `GET /rest/db/completion`. The percentage is left out on purpose: it proves nothing. */
export interface Completion {
  /** Without a device: the own sequence. With one: how far this device knows that device's index. */
  readonly sequence: number;
  readonly needItems: number;
  readonly needDeletes: number;
  readonly needBytes: number;
  readonly globalItems: number;
  readonly globalBytes: number;
  readonly remoteState: 'valid' | 'notSharing' | 'paused' | 'unknown';
}

/** What one device still needs of a folder, at most one page; `empty` is the half of a proof. */
export interface RemoteNeed {
  readonly empty: boolean;
  readonly names: readonly string[];
}

/** `GET /rest/db/need`: names this device still needs, at most one page. */
export interface Need {
  readonly progress: readonly string[];
  readonly queued: readonly string[];
  readonly rest: readonly string[];
}

export interface FolderError {
  readonly path: string;
  readonly error: string;
}

/** One entry of an index. `version` is the version vector, `["SHORTID:counter"]` in Syncthing's order. */
export interface FileVersion {
  readonly name: string;
  readonly isDirectory: boolean;
  readonly deleted: boolean;
  readonly invalid: boolean;
  readonly sequence: number;
  readonly size: number;
  /** RFC 3339 with up to nine digits after the point; the content's time, as the file itself has it. */
  readonly modified: string;
  readonly modifiedBy: string;
  /** base64; a digest of the hashes of its blocks (src/scrubber/block-digest.ts); empty where there are none. */
  readonly blocksHash: string;
  readonly version: readonly string[];
  /** Bits; on a receive-only folder an unexpected local change carries 8. */
  readonly localFlags: number;
}

/** `GET /rest/db/file`: what this device has, and what the cluster has, as far as it knows. */
export interface FileEntry {
  readonly local?: FileVersion;
  readonly global?: FileVersion;
  /** Devices that have the global version, connected ones only. */
  readonly availability: readonly string[];
}

/** One node of `GET /rest/db/browse`: the global tree without what is deleted. */
export interface BrowseEntry {
  readonly name: string;
  readonly type: 'file' | 'directory' | 'symlink';
  readonly size: number;
  readonly modTime: string;
  readonly children: readonly BrowseEntry[];
}

export interface Connection {
  readonly connected: boolean;
  readonly paused: boolean;
  readonly address: string;
  readonly clientVersion: string;
}

export interface SystemErrorEntry {
  readonly when: string;
  readonly message: string;
}

/** Folder offered by devices with which this device does not share it. */
export interface PendingFolder {
  readonly folderId: string;
  readonly offeredBy: readonly string[];
}

/** One long poll of `GET /rest/events`, unparsed but for what every event has. */
export interface RawEvent {
  readonly id: number;
  readonly type: string;
  readonly time: string;
  readonly data: unknown;
}

export interface EventsQuery {
  readonly events: readonly string[];
  readonly since: number;
  readonly limit?: number;
  /** How long the daemon holds the call when there is nothing to say; seconds. */
  readonly holdSeconds: number;
}

/**
 * The `sub` of a scan that finds nothing and changes nothing, since the marker's directory is never part of an index: it
 * waits for what is under way, and has the daemon look whether the folder can be worked on.
 */
export const MARKER_ALONE: readonly string[] = ['.stfolder'];

/**
 * One Syncthing daemon, in the terms of its REST API (1.27 to 2.1).
 *
 * Rejects with SyncthingError only. Configuration writes return after the daemon has applied them.
 * There must be one writer of configuration per daemon: Syncthing has no compare-and-swap.
 */
export interface SyncthingClient {
  /** Resolves when the daemon serves its API; needs no key. */
  health(call: CallOptions): Promise<void>;
  systemStatus(call: CallOptions): Promise<SystemStatus>;
  /** For example `v2.1.3`. */
  version(call: CallOptions): Promise<string>;
  systemErrors(call: CallOptions): Promise<readonly SystemErrorEntry[]>;
  /** By device id, without the own one. */
  connections(call: CallOptions): Promise<ReadonlyMap<string, Connection>>;
  pendingFolders(call: CallOptions): Promise<readonly PendingFolder[]>;
  /** By folder id, when the last scan ended (milliseconds since the epoch, whole seconds; scans of parts count). */
  lastScans(call: CallOptions): Promise<ReadonlyMap<string, number>>;
  events(query: EventsQuery, call: CallOptions): Promise<readonly RawEvent[]>;

  config(call: CallOptions): Promise<SyncthingConfig>;
  /** `undefined` when the daemon has no such folder. */
  folder(folderId: string, call: CallOptions): Promise<FolderConfig | undefined>;
  /** `undefined` when the daemon has no such device. */
  device(deviceId: string, call: CallOptions): Promise<DeviceConfig | undefined>;
  restartRequired(call: CallOptions): Promise<boolean>;
  /**
   * Adds or replaces whole folders in one commit; folders not named stay. Any change but the label
   * restarts the folder and cancels its scan, so send only what differs. A device id that the
   * daemon does not know is dropped silently: put devices first. The default deadline is 60 s.
   */
  putFolders(folders: readonly FolderConfig[], call: CallOptions): Promise<void>;
  /**
   * Resolves when every change of the configuration so far is carried out and on the disk; rejects where it cannot be
   * saved. A change that was answered with an error, or that nobody waited for, can be read all the same (lib/config,
   * wrapper.go: what is read is set first).
   */
  configSettled(call: CallOptions): Promise<void>;
  /** Takes the folder out of Syncthing; files stay, `.stfolder` goes. An unknown folder is no error. */
  deleteFolder(folderId: string, call: CallOptions): Promise<void>;
  /** Adds or replaces whole devices in one commit; devices not named stay. */
  putDevices(devices: readonly DeviceConfig[], call: CallOptions): Promise<void>;
  /** An unknown device is no error. Folders that list the device lose it: take it from them first. */
  deleteDevice(deviceId: string, call: CallOptions): Promise<void>;
  /**
   * The fence of handoff rule 26: restarts no folder; after pausing, resolves when the connection is
   * closed (milliseconds). `not-found` when the daemon has no such device.
   */
  setDevicePaused(deviceId: string, paused: boolean, call: CallOptions): Promise<void>;

  /**
   * Scans a folder, or only `sub` paths of it, and resolves when the index is committed. Waits for
   * the initial scan, a running pull and a free scan slot; the default deadline is 30 min.
   * `folder-error` when the folder cannot be scanned. Files that cannot be read do not fail it:
   * look at {@link folderErrors}.
   */
  scan(folderId: string, call: CallOptions & { readonly sub?: readonly string[] }): Promise<void>;
  /** Starts undoing local changes of a receive-only folder; resolves before it is done: scan as a barrier. */
  revert(folderId: string, call: CallOptions): Promise<void>;
  /**
   * Starts announcing the files of a send-only folder over what others have, and what its index lacks as deleted:
   * never before its first scan has ended. Resolves before it is done: scan as a barrier.
   */
  override(folderId: string, call: CallOptions): Promise<void>;
  folderStatus(folderId: string, call: CallOptions): Promise<FolderStatus>;
  completion(folderId: string, call: CallOptions & { readonly deviceId?: string }): Promise<Completion>;
  /** Iterates real index entries, so it is right on 1.x too, unlike completion. `perPage` is 1 by default. */
  remoteNeed(
    folderId: string,
    deviceId: string,
    call: CallOptions & { readonly perPage?: number },
  ): Promise<RemoteNeed>;
  /** `perPage` is 100 by default. */
  need(folderId: string, call: CallOptions & { readonly perPage?: number }): Promise<Need>;
  /** Scan and pull errors of single files. `perPage` is 100 by default. */
  folderErrors(
    folderId: string,
    call: CallOptions & { readonly perPage?: number },
  ): Promise<readonly FolderError[]>;
  /**
   * Names changed locally on a receive-only folder. `page` is 1 and `perPage` 100 by default; the daemon counts pages
   * anew each time, and makes room for a whole one.
   */
  localChanged(
    folderId: string,
    call: CallOptions & { readonly page?: number; readonly perPage?: number },
  ): Promise<readonly string[]>;
  /** `undefined` when neither this device nor any other has ever announced the file. */
  file(folderId: string, name: string, call: CallOptions): Promise<FileEntry | undefined>;
  /** `levels` 0 is the entries of `prefix` alone; without it the whole tree, which can be large. */
  browse(
    folderId: string,
    call: CallOptions & { readonly prefix?: string; readonly levels?: number },
  ): Promise<readonly BrowseEntry[]>;

  /** Lets go of idle connections. A forgotten close keeps no process alive. */
  close(): void;
}
