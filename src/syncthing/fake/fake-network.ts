import type { FakeFolder, Source } from './fake-folder.ts';
import { FakeSyncthing } from './fake-syncthing.ts';

/**
 * Fake Syncthings that know of one another. Indexes and files move by themselves a moment after
 * every change; a test can hold any of it back.
 */
export class FakeSyncthingNetwork implements AsyncDisposable {
  readonly members: FakeSyncthing[] = [];
  /** Nothing moves while this is false, but by {@link settle}. */
  automatic = true;
  readonly #cut = new Set<string>();
  readonly #heldIndexes = new Set<string>();
  readonly #heldPulls = new Set<string>();
  #connected = new Set<string>();
  #scheduled = false;

  /** Starts one more; `directory` stays the caller's. */
  async add(name: string, directory: string): Promise<FakeSyncthing> {
    const member = new FakeSyncthing({ name, directory, network: this });
    this.members.push(member);
    await member.start();
    return member;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const member of this.members) {
      await member[Symbol.asyncDispose]();
    }
  }

  /** Takes the line between two daemons away, both ways, until {@link mend}. */
  cut(one: FakeSyncthing, other: FakeSyncthing): void {
    this.#cut.add(direction(one, other)).add(direction(other, one));
    this.changed();
  }

  mend(one: FakeSyncthing, other: FakeSyncthing): void {
    this.#cut.delete(direction(one, other));
    this.#cut.delete(direction(other, one));
    this.changed();
  }

  /** `to` no longer hears of changes on `from`, though they are connected. */
  holdIndexes(from: FakeSyncthing, to: FakeSyncthing): void {
    this.#heldIndexes.add(direction(from, to));
  }

  releaseIndexes(from: FakeSyncthing, to: FakeSyncthing): void {
    this.#heldIndexes.delete(direction(from, to));
    this.changed();
  }

  /** `member` knows what it needs and does not get it. */
  holdPulls(member: FakeSyncthing): void {
    this.#heldPulls.add(member.deviceId);
  }

  releasePulls(member: FakeSyncthing): void {
    this.#heldPulls.delete(member.deviceId);
    this.changed();
  }

  /** Something may move now; called by the daemons after each change. */
  changed(): void {
    this.#noticeConnections();
    if (this.automatic && !this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => {
        this.#scheduled = false;
        this.settle();
      });
    }
  }

  /** Moves everything that is not held back, until nothing moves any more. */
  settle(): void {
    let moved = true;
    while (moved) {
      const indexes = this.members.map((member) => this.#exchangeIndexes(member));
      const pulls = this.members.map((member) => this.#pull(member));
      moved = [...indexes, ...pulls].includes(true);
    }
  }

  isConnected(one: FakeSyncthing, other: FakeSyncthing): boolean {
    return (
      one !== other &&
      one.running &&
      other.running &&
      !this.#cut.has(direction(one, other)) &&
      accepts(one, other) &&
      accepts(other, one)
    );
  }

  /** The other daemon with that id, wherever it is. */
  find(deviceId: string): FakeSyncthing | undefined {
    return this.members.find((member) => member.deviceId === deviceId);
  }

  /** Connected daemons with which a folder is shared from both ends. */
  sharing(member: FakeSyncthing, folderId: string): readonly FakeSyncthing[] {
    return this.members.filter(
      (other) =>
        this.isConnected(member, other) &&
        listsDevice(member.folders.get(folderId), other) &&
        listsDevice(other.folders.get(folderId), member),
    );
  }

  #exchangeIndexes(member: FakeSyncthing): boolean {
    let moved = false;
    for (const [folderId, folder] of member.folders) {
      for (const other of this.sharing(member, folderId)) {
        const theirs = other.folders.get(folderId);
        const held = this.#heldIndexes.has(direction(other, member));
        if (theirs !== undefined && !held && folder.receive(other.deviceId, theirs)) {
          moved = true;
          const { sequence } = theirs;
          const event = { folder: folderId, device: other.deviceId, sequence, items: 1 };
          member.events.emit('RemoteIndexUpdated', event);
        }
      }
    }
    return moved;
  }

  #pull(member: FakeSyncthing): boolean {
    if (this.#heldPulls.has(member.deviceId) || !member.running) {
      return false;
    }
    return [...member.folders].filter(([id, folder]) => this.#pullFolder(member, id, folder)).length > 0;
  }

  #pullFolder(member: FakeSyncthing, folderId: string, folder: FakeFolder): boolean {
    const sources = this.sharing(member, folderId).flatMap((other): Source | [] => {
      const theirs = other.folders.get(folderId);
      return theirs === undefined ? [] : { root: theirs.config.path, index: theirs.index };
    });
    const before = folder.sequence;
    const pulled = folder.pull(sources);
    if (pulled) {
      member.indexUpdated(folderId, before);
    }
    if (folder.errors.length > 0) {
      member.events.emit('FolderErrors', { folder: folderId, errors: folder.errors });
    }
    return pulled;
  }

  #noticeConnections(): void {
    const now = new Set<string>();
    for (const one of this.members) {
      for (const other of this.members.filter((candidate) => this.isConnected(one, candidate))) {
        const key = direction(one, other);
        now.add(key);
        if (!this.#connected.has(key)) {
          one.events.emit('DeviceConnected', { id: other.deviceId, addr: other.address });
          one.events.emit('ClusterConfigReceived', { device: other.deviceId });
        }
      }
    }
    for (const key of this.#connected) {
      const [one, other] = key.split('>');
      if (!now.has(key) && one !== undefined) {
        this.find(one)?.events.emit('DeviceDisconnected', { id: other, error: 'fake' });
      }
    }
    this.#connected = now;
  }
}

function direction(from: FakeSyncthing, to: FakeSyncthing): string {
  return `${from.deviceId}>${to.deviceId}`;
}

function accepts(one: FakeSyncthing, other: FakeSyncthing): boolean {
  return one.devices.get(other.deviceId)?.paused === false;
}

function listsDevice(folder: FakeFolder | undefined, device: FakeSyncthing): boolean {
  return folder?.config.devices.some((listed) => listed.deviceID === device.deviceId) ?? false;
}
