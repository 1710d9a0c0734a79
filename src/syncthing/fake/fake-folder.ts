import fs from 'node:fs';
import path from 'node:path';
import type { FolderConfig, FolderError, FolderState } from '../client.ts';
import { copyItem, isUnchanged, readTree, removeItem, renameConflict, type DiskItem } from './folder-disk.ts';
import {
  compareVersions,
  globalEntry,
  isValid,
  mergedVersions,
  needs,
  nextVersion,
  type IndexEntry,
} from './index-entry.ts';

/** What a device knows of another device's index of the folder. */
export interface RemoteIndex {
  readonly indexId: number;
  readonly sequence: number;
  readonly entries: ReadonlyMap<string, IndexEntry>;
}

/** Another device's folder as a source of content. */
export interface Source {
  readonly root: string;
  readonly index: ReadonlyMap<string, IndexEntry>;
}

let indexIds = 0;

/** One folder of one fake daemon: its index, what it knows of others, and the files on the real disk. */
export class FakeFolder {
  config: FolderConfig;
  /** A folder added anew has another, by which peers know that its sequences begin anew. */
  readonly indexId = (indexIds += 1);
  readonly index = new Map<string, IndexEntry>();
  readonly remote = new Map<string, RemoteIndex>();
  sequence = 0;
  lastScan: number | undefined;
  /** Set by a test: the folder is in error until it is taken back. */
  injectedError: string | undefined;
  /** Set by a test: these files cannot be pulled. */
  readonly failingFiles = new Map<string, string>();
  error: string | undefined;
  errors: readonly FolderError[] = [];
  readonly #device: string;
  readonly #now: () => number;

  constructor(config: FolderConfig, device: string, now: () => number) {
    this.config = config;
    this.#device = device;
    this.#now = now;
    fs.mkdirSync(path.join(config.path, '.stfolder'), { recursive: true });
  }

  get state(): FolderState | '' {
    if (this.config.paused) {
      return '';
    }
    return this.error === undefined ? 'idle' : 'error';
  }

  /** Reads the disk into the index. `false` and {@link error} when the folder cannot be scanned. */
  scan(sub: readonly string[] = []): boolean {
    this.error = this.injectedError ?? missing(this.config.path);
    if (this.error !== undefined) {
      return false;
    }
    const tree = readTree(this.config.path);
    for (const item of tree.values()) {
      if (inScope(item.name, sub)) {
        this.#found(item);
      }
    }
    for (const entry of this.index.values()) {
      if (!tree.has(entry.name) && inScope(entry.name, sub)) {
        this.#notFound(entry);
      }
    }
    this.lastScan = this.#now();
    return true;
  }

  #found(item: DiskItem): void {
    const entry = this.index.get(item.name);
    if (entry === undefined || !isUnchanged(item, entry)) {
      this.#changed({ ...item, deleted: false }, entry);
    } else if (entry.receiveOnlyChanged && !this.#receiveOnly) {
      this.#put({ ...entry, receiveOnlyChanged: false });
    }
  }

  #notFound(entry: IndexEntry): void {
    if (!entry.deleted) {
      const elsewhere = this.#remoteEntries(entry.name).some((one) => isValid(one) && !one.deleted);
      if (this.#receiveOnly && !elsewhere) {
        this.index.delete(entry.name);
      } else {
        this.#changed({ ...entry, size: 0, deleted: true }, entry);
      }
    } else if (entry.receiveOnlyChanged && !this.#receiveOnly) {
      this.#put({ ...entry, receiveOnlyChanged: false });
    }
  }

  #changed(item: DiskItem & { readonly deleted: boolean }, before: IndexEntry | undefined): void {
    this.#put({
      ...item,
      version: nextVersion(before?.version ?? {}, this.#device, this.#now()),
      modifiedBy: this.#device,
      receiveOnlyChanged: this.#receiveOnly,
      invalid: false,
      sequence: 0,
    });
  }

  #put(entry: IndexEntry): void {
    this.sequence += 1;
    this.index.set(entry.name, { ...entry, sequence: this.sequence });
  }

  get #receiveOnly(): boolean {
    return this.config.type === 'receiveonly';
  }

  #remoteEntries(name: string): readonly IndexEntry[] {
    return [...this.remote.values()].flatMap((known) => known.entries.get(name) ?? []);
  }

  names(): readonly string[] {
    const remote = [...this.remote.values()].flatMap((known) => [...known.entries.keys()]);
    return [...new Set([...this.index.keys(), ...remote])].toSorted();
  }

  global(name: string): IndexEntry | undefined {
    const local = this.index.get(name);
    return globalEntry([...(local === undefined ? [] : [local]), ...this.#remoteEntries(name)]);
  }

  /** Global versions, deleted ones included. */
  globals(): readonly IndexEntry[] {
    return this.names().flatMap((name) => this.global(name) ?? []);
  }

  /** What this device needs, or another one as far as this device knows. */
  needed(deviceId?: string): readonly IndexEntry[] {
    const have = deviceId === undefined ? this.index : this.remote.get(deviceId)?.entries;
    return this.globals().filter((global) => needs(global, have?.get(global.name)));
  }

  locallyChanged(): readonly IndexEntry[] {
    return [...this.index.values()].filter((entry) => entry.receiveOnlyChanged);
  }

  /** Takes over what another device has sent. True when that was news. */
  receive(deviceId: string, from: FakeFolder): boolean {
    const known = this.remote.get(deviceId);
    const same = known?.indexId === from.indexId ? known : undefined;
    if (same !== undefined && same.sequence >= from.sequence) {
      return false;
    }
    const entries = new Map(same?.entries);
    for (const entry of from.index.values()) {
      if (entry.sequence > (same?.sequence ?? 0)) {
        entries.set(entry.name, asSent(entry));
      }
    }
    this.remote.set(deviceId, { indexId: from.indexId, sequence: from.sequence, entries });
    return from.sequence > 0;
  }

  /** Brings what is needed from the sources. True when anything changed. */
  pull(sources: readonly Source[]): boolean {
    if (this.state !== 'idle') {
      return false;
    }
    if (this.config.type === 'sendonly') {
      return this.#adopt();
    }
    this.error = this.injectedError ?? missing(this.config.path);
    const needed = this.error === undefined ? this.needed() : [];
    const existing = needed.filter((entry) => !entry.deleted);
    const deleted = needed.filter((entry) => entry.deleted).toReversed();
    this.errors = this.#failing(existing);
    return [...existing, ...deleted].filter((entry) => this.#pullOne(entry, sources)).length > 0;
  }

  /** Of a file that is the same here, the newer version alone. */
  #adopt(): boolean {
    const same = this.needed().filter((entry) => {
      const own = this.index.get(entry.name);
      if (own === undefined || own.deleted) return own?.deleted === entry.deleted;
      return isUnchanged(entry, own);
    });
    for (const entry of same) this.#put(entry);
    return same.length > 0;
  }

  #failing(entries: readonly IndexEntry[]): readonly FolderError[] {
    return entries.flatMap(({ name }) => {
      const error = this.failingFiles.get(name);
      return error === undefined ? [] : [{ path: name, error }];
    });
  }

  #pullOne(global: IndexEntry, sources: readonly Source[]): boolean {
    const source = sources.find(({ index }) => offers(index.get(global.name), global));
    const unavailable = source === undefined && !global.deleted;
    if (unavailable || this.failingFiles.has(global.name)) {
      return false;
    }
    const { path: root } = this.config;
    this.#makeRoom(global);
    try {
      if (source !== undefined && !global.deleted) {
        copyItem(source.root, root, global);
      }
    } catch (error) {
      // The source's file is no longer what its index says.
      this.errors = [...this.errors, { path: global.name, error: String(error) }];
      return false;
    }
    this.#put({ ...global, receiveOnlyChanged: false });
    return true;
  }

  /** What is replaced or deleted is kept, renamed as a conflict, or gone, as the folder is configured. */
  #makeRoom(global: IndexEntry): void {
    const { path: root, maxConflicts, versioning } = this.config;
    const local = this.index.get(global.name);
    if (local === undefined || local.deleted) {
      return;
    }
    const now = new Date(this.#now());
    const concurrent = compareVersions(local.version, global.version) === 'concurrent';
    if (concurrent && !local.receiveOnlyChanged && local.type === 'file' && maxConflicts !== 0) {
      renameConflict(root, local, now);
    } else if (global.deleted || local.type === 'file') {
      removeItem(root, local, keepsVersions(versioning), now);
    }
  }

  /** What is here, or is not here, becomes newer than what others have. */
  override(): void {
    if (this.config.type !== 'sendonly') return;
    for (const needed of this.needed()) {
      const own = this.index.get(needed.name) ?? { ...needed, size: 0, deleted: true };
      const version = nextVersion(mergedVersions(own.version, needed.version), this.#device, this.#now());
      this.#put({ ...own, version, modifiedBy: this.#device, invalid: false });
    }
  }

  /** Forgets local changes: what others have is needed again, what nobody has goes. */
  revert(): void {
    for (const entry of this.locallyChanged()) {
      if (this.global(entry.name) === undefined) {
        removeItem(this.config.path, entry, false, new Date(this.#now()));
        this.index.delete(entry.name);
      } else {
        this.#put({ ...entry, version: {}, receiveOnlyChanged: false });
      }
    }
  }
}

function missing(root: string): string | undefined {
  if (!fs.existsSync(root)) {
    return 'folder path missing';
  }
  return fs.existsSync(path.join(root, '.stfolder')) ? undefined : 'folder marker missing';
}

function inScope(name: string, sub: readonly string[]): boolean {
  return sub.length === 0 || sub.some((one) => name === one || name.startsWith(`${one}/`));
}

function asSent(entry: IndexEntry): IndexEntry {
  return entry.receiveOnlyChanged ? { ...entry, version: {}, invalid: true } : entry;
}

function offers(entry: IndexEntry | undefined, global: IndexEntry): boolean {
  return (
    entry !== undefined &&
    isValid(entry) &&
    !entry.deleted &&
    compareVersions(entry.version, global.version) === 'equal'
  );
}

function keepsVersions(versioning: unknown): boolean {
  return (
    typeof versioning === 'object' && versioning !== null && 'type' in versioning && versioning.type !== ''
  );
}
