/**
 * Syncthing as far as the hand-off sees it: files that are only ever added, an index with a sequence for each copy,
 * what each side knows of the other's. Copies exchange when both list each other and neither pauses the other.
 */
import type { FolderReport, FolderType, PeerReport } from '../../src/desired/replica.ts';

export interface SimulatedFolder {
  type: FolderType;
  peers: readonly string[];
  /** What a scan put into the index, in its order: its length is the own sequence. */
  announced: string[];
  /** Index entries of peers as last received, and files that are only on this disk. */
  readonly known: Map<string, readonly string[]>;
  scanned: boolean;
}

/** A node's disk and daemon. `files` are on the disk, by folder; they outlive the folder's configuration. */
export class SimulatedSyncthing {
  readonly node: string;
  readonly folders = new Map<string, SimulatedFolder>();
  readonly files = new Map<string, Set<string>>();
  isOn = true;
  /** Indexes come, files do not. */
  isSlow = false;
  /** Nodes whose device is paused. */
  paused: readonly string[] = [];

  constructor(node: string) {
    this.node = node;
  }

  filesOf(folderId: string): Set<string> {
    return this.files.get(folderId) ?? new Set<string>();
  }

  makeDirectory(folderId: string): void {
    this.files.set(folderId, this.filesOf(folderId));
  }

  /** Another type or other peers restart the folder: it is scanned anew, as Syncthing does. */
  configure(
    folderId: string,
    config: { readonly type: FolderType; readonly peers: readonly string[] },
  ): void {
    const folder = this.folders.get(folderId);
    if (folder === undefined) {
      this.folders.set(folderId, { ...config, announced: [], known: new Map(), scanned: false });
    } else {
      for (const peer of folder.known.keys()) if (!config.peers.includes(peer)) folder.known.delete(peer);
      Object.assign(folder, config);
    }
    this.scan(folderId);
  }

  /** A writer announces what is on its disk; a receive-only copy keeps to itself what it did not receive. */
  scan(folderId: string): void {
    const folder = this.folders.get(folderId);
    if (folder === undefined) return;
    folder.scanned = true;
    const foreign = new Set([...folder.known.values()].flat());
    for (const file of this.filesOf(folderId)) {
      const isAnnounced = folder.announced.includes(file);
      if (!isAnnounced && (folder.type === 'sendreceive' || foreign.has(file))) folder.announced.push(file);
    }
  }

  localChanges(folderId: string): readonly string[] {
    const folder = this.folders.get(folderId);
    if (folder === undefined || folder.type === 'sendreceive') return [];
    return [...this.filesOf(folderId)].filter((file) => !folder.announced.includes(file));
  }

  /** What a peer announced and this disk does not have. */
  needs(folderId: string): readonly string[] {
    const folder = this.folders.get(folderId);
    const wanted = new Set([...(folder?.known.values() ?? [])].flat());
    return [...wanted].filter((file) => !this.filesOf(folderId).has(file));
  }

  /** Takes in what is known of the peers' indexes, `limit` files at most. */
  pull(folderId: string, limit: number): void {
    for (const file of this.needs(folderId).slice(0, limit)) this.filesOf(folderId).add(file);
    this.scan(folderId);
  }

  report(folderId: string, deviceOf: (node: string) => string): FolderReport | undefined {
    const folder = this.folders.get(folderId);
    if (folder === undefined) return undefined;
    const needItems = this.needs(folderId).length;
    return {
      state: needItems > 0 ? 'syncing' : 'idle',
      type: folder.type,
      sequence: folder.announced.length,
      needItems,
      needBytes: needItems * 100,
      receiveOnlyItems: this.localChanges(folderId).length,
      errors: 0,
      messages: [],
      scanned: folder.scanned,
      peers: folder.peers.map((node): PeerReport => {
        const known = folder.known.get(node);
        const remoteNeedEmpty = known !== undefined && folder.announced.every((file) => known.includes(file));
        const connected = known !== undefined;
        return {
          node,
          deviceId: deviceOf(node),
          connected,
          knownSequence: known?.length ?? 0,
          remoteNeedEmpty,
        };
      }),
    };
  }
}

function sees(one: SimulatedSyncthing, other: SimulatedSyncthing, folderId: string): boolean {
  return (
    one.isOn &&
    !one.paused.includes(other.node) &&
    one.folders.get(folderId)?.peers.includes(other.node) === true
  );
}

/** Indexes go from one to the other where both share the folder. */
export function exchange(one: SimulatedSyncthing, other: SimulatedSyncthing): void {
  for (const [folderId, folder] of one.folders) {
    const theirs = other.folders.get(folderId);
    if (theirs === undefined || !sees(one, other, folderId) || !sees(other, one, folderId)) continue;
    folder.known.set(other.node, [...theirs.announced]);
    theirs.known.set(one.node, [...folder.announced]);
  }
}
