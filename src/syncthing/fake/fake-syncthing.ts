import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { DeviceConfig, FolderConfig, SyncthingClient } from '../client.ts';
import { deviceConfigSchema, folderConfigSchema } from '../config-schema.ts';
import { connectSyncthing } from '../connect-syncthing.ts';
import { EventLog } from './event-log.ts';
import { FakeFolder } from './fake-folder.ts';
import type { FakeSyncthingNetwork } from './fake-network.ts';
import { serveRest, type RestServer } from './rest-server.ts';

export interface FakeSyncthingOptions {
  readonly name: string;
  /** Where its socket and its folders are; the caller's to remove. */
  readonly directory: string;
  readonly network: FakeSyncthingNetwork;
}

/** A request that a test wants answered badly; `match` sees `GET /rest/db/status?folder=v`. */
export type Misbehaviour =
  | { readonly kind: 'hang'; readonly match: RegExp }
  | { readonly kind: 'fail'; readonly match: RegExp; readonly status: number; readonly text: string };

/**
 * A Syncthing that is not one: the same REST API on a unix socket, real files in real directories,
 * no network. Passes the contract of the real one. Start it through {@link FakeSyncthingNetwork}.
 */
export class FakeSyncthing implements AsyncDisposable {
  readonly deviceId: string;
  readonly address: string;
  readonly apiKey = 'fake-api-key-of-nobody';
  readonly socketPath: string;
  readonly data: string;
  readonly client: SyncthingClient;
  readonly folders = new Map<string, FakeFolder>();
  readonly devices = new Map<string, DeviceConfig>();
  /** Set and cleared by tests. */
  readonly misbehaviours = new Set<Misbehaviour>();
  events = new EventLog();
  startTime = new Date().toISOString();
  readonly #network: FakeSyncthingNetwork;
  #server: RestServer | undefined;

  constructor({ name, directory, network }: FakeSyncthingOptions) {
    this.deviceId = fakeDeviceId(name);
    this.address = `tcp://127.0.0.1:${1 + (Number.parseInt(shortHash(name), 16) % 65_535)}`;
    this.data = path.join(directory, 'data');
    this.socketPath = path.join(directory, 'api', 'syncthing.sock');
    fs.mkdirSync(this.data, { recursive: true });
    fs.mkdirSync(path.dirname(this.socketPath), { recursive: true, mode: 0o700 });
    this.#network = network;
    this.client = connectSyncthing({ socketPath: this.socketPath, apiKey: this.apiKey });
    const own = { deviceID: this.deviceId, name, addresses: ['dynamic'], paused: false };
    this.devices.set(this.deviceId, own);
  }

  /** First seven characters, as in version vectors. */
  get shortId(): string {
    return this.deviceId.slice(0, 7);
  }

  get running(): boolean {
    return this.#server !== undefined;
  }

  get network(): FakeSyncthingNetwork {
    return this.#network;
  }

  async start(): Promise<void> {
    this.events = new EventLog();
    this.startTime = new Date().toISOString();
    this.#server = await serveRest(this);
    for (const folder of this.folders.values()) {
      folder.scan();
    }
    this.#network.changed();
  }

  /** As a daemon that is gone: connections end, files and indexes stay. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.#network.changed();
    await server?.close();
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** As a daemon whose database was lost: the same folders, all indexes empty. */
  async loseDatabase(): Promise<void> {
    await this.stop();
    for (const [folderId, folder] of this.folders) {
      this.folders.set(folderId, this.#newFolder(folder.config));
    }
    await this.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.close();
    await this.stop();
  }

  putFolders(values: readonly unknown[]): void {
    for (const config of values.map((value) => folderConfigSchema.parse(value))) {
      this.#putFolder(config);
    }
    this.#configSaved();
  }

  #putFolder(given: FolderConfig): void {
    const known = given.devices.filter((device) => this.devices.has(device.deviceID));
    const others = known.filter((device) => device.deviceID !== this.deviceId);
    const config = { ...given, devices: [...others, { deviceID: this.deviceId }] };
    const folder = this.folders.get(config.id) ?? this.#newFolder(config);
    folder.config = config;
    this.folders.set(config.id, folder);
    for (const deviceId of folder.remote.keys()) {
      if (!others.some((device) => device.deviceID === deviceId)) {
        folder.remote.delete(deviceId);
      }
    }
    this.scan(config.id);
  }

  #newFolder(config: FolderConfig): FakeFolder {
    return new FakeFolder(config, this.shortId, () => Date.now());
  }

  deleteFolder(folderId: string): void {
    const folder = this.folders.get(folderId);
    if (folder !== undefined) {
      fs.rmSync(path.join(folder.config.path, '.stfolder'), { recursive: true, force: true });
      this.folders.delete(folderId);
    }
    this.#configSaved();
  }

  putDevices(values: readonly unknown[]): void {
    for (const device of values.map((value) => deviceConfigSchema.parse(value))) {
      this.devices.set(device.deviceID, device);
    }
    this.#configSaved();
  }

  deleteDevice(deviceId: string): void {
    this.devices.delete(deviceId);
    for (const { config } of this.folders.values()) {
      const devices = config.devices.filter((device) => device.deviceID !== deviceId);
      if (devices.length < config.devices.length) {
        this.#putFolder({ ...config, devices });
      }
    }
    this.#configSaved();
  }

  #configSaved(): void {
    this.events.emit('ConfigSaved', {});
    this.#network.changed();
  }

  /** `undefined` when done, else why the folder cannot be scanned. */
  scan(folderId: string, sub: readonly string[] = []): string | undefined {
    const folder = this.folders.get(folderId);
    if (folder === undefined) {
      return 'no such folder';
    }
    const before = folder.sequence;
    this.#state(folderId, 'idle', 'scanning');
    const done = folder.scan(sub);
    this.#state(folderId, 'scanning', folder.state);
    this.indexUpdated(folderId, before);
    return done ? undefined : folder.error;
  }

  revert(folderId: string): void {
    const folder = this.folders.get(folderId);
    const before = folder?.sequence ?? 0;
    folder?.revert();
    this.indexUpdated(folderId, before);
  }

  override(folderId: string): void {
    const folder = this.folders.get(folderId);
    const before = folder?.sequence ?? 0;
    folder?.override();
    this.indexUpdated(folderId, before);
  }

  /** Tells of index entries that came since the sequence was `before`. */
  indexUpdated(folderId: string, before: number): void {
    const sequence = this.folders.get(folderId)?.sequence ?? 0;
    if (sequence > before) {
      this.events.emit('LocalIndexUpdated', { folder: folderId, sequence, items: sequence - before });
    }
    this.#network.changed();
  }

  #state(folder: string, from: string, to: string): void {
    this.events.emit('StateChanged', { folder, from, to });
  }
}

function shortHash(name: string): string {
  return createHash('sha256').update(name).digest('hex').slice(0, 8);
}

/** Of the form of a device id, the same for the same name; its check digits are not right. */
function fakeDeviceId(name: string): string {
  const digest = createHash('sha512').update(name).digest();
  const letters = [...digest.subarray(0, 56)].map((byte) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[byte % 32]);
  return letters.join('').match(/.{7}/g)?.join('-') ?? '';
}
