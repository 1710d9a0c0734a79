import fs from 'node:fs';
import path from 'node:path';
import type { FolderStatus, SyncthingClient } from '../../../src/syncthing/client.ts';
import { deviceConfig } from '../../../src/syncthing/device-config.ts';
import { folderConfig, type FolderType } from '../../../src/syncthing/folder-config.ts';
import { until } from './until.ts';

/** What the contract needs of a Syncthing, real or fake. */
export interface Peer extends AsyncDisposable {
  readonly deviceId: string;
  readonly address: string;
  readonly client: SyncthingClient;
  /** Directory for folders. */
  readonly data: string;
  /** Ends the daemon without warning and starts it again on the same home. */
  restart(): Promise<void>;
}

export function callOptions(): { readonly signal: AbortSignal } {
  return { signal: AbortSignal.timeout(60_000) };
}

/** Makes every peer known to every other, and waits until they are connected. */
export async function introduce(peers: readonly Peer[]): Promise<void> {
  for (const peer of peers) {
    const others = peers.filter((other) => other !== peer);
    const devices = others.map(({ deviceId, address }) =>
      deviceConfig({ deviceId, name: deviceId.slice(0, 7), addresses: [address] }),
    );
    await peer.client.putDevices(devices, callOptions());
  }
  for (const peer of peers) {
    for (const other of peers.filter((candidate) => candidate !== peer)) {
      await untilConnected(peer, other);
    }
  }
}

export async function untilConnected(peer: Peer, other: Peer): Promise<void> {
  await until('devices are connected', async () => {
    const connections = await peer.client.connections(callOptions());
    return connections.get(other.deviceId)?.connected;
  });
}

export function rootOf(peer: Peer, folderId: string): string {
  return path.join(peer.data, folderId);
}

export function write(peer: Peer, folderId: string, name: string, content: string): void {
  const file = path.join(rootOf(peer, folderId), name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, content);
}

export function read(peer: Peer, folderId: string, name: string): string | undefined {
  const file = path.join(rootOf(peer, folderId), name);
  return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : undefined;
}

/** Adds or replaces a folder on one peer; root and marker are made beforehand, as production does. */
export async function putFolder(
  peer: Peer,
  folderId: string,
  type: FolderType,
  sharedWith: readonly Peer[],
): Promise<void> {
  const root = rootOf(peer, folderId);
  fs.mkdirSync(path.join(root, '.stfolder'), { recursive: true });
  const peers = sharedWith.filter((other) => other !== peer).map((other) => other.deviceId);
  await peer.client.putFolders(
    [folderConfig({ folderId, label: folderId, path: root, type, peers })],
    callOptions(),
  );
}

/** Writer and receivers, joined in the safe order: each receiver first, then the writer shares. */
export async function share(folderId: string, writer: Peer, ...receivers: Peer[]): Promise<void> {
  const all = [writer, ...receivers];
  for (const receiver of receivers) {
    await putFolder(receiver, folderId, 'receiveonly', all);
  }
  await putFolder(writer, folderId, 'sendreceive', all);
  for (const peer of all) {
    await peer.client.scan(folderId, callOptions());
  }
}

/** Both halves of the proof that `receiver` holds what `writer` had at its last scan. */
export async function untilProven(folderId: string, writer: Peer, receiver: Peer): Promise<void> {
  const call = callOptions();
  const { sequence } = await writer.client.completion(folderId, call);
  let seen: { readonly status: FolderStatus; readonly known: number; readonly empty: boolean };
  await until(
    `${folderId} is proven`,
    async () => {
      const known = await receiver.client.completion(folderId, { ...call, deviceId: writer.deviceId });
      const status = await receiver.client.folderStatus(folderId, call);
      const { empty } = await writer.client.remoteNeed(folderId, receiver.deviceId, call);
      seen = { status, known: known.sequence, empty };
      return known.sequence >= sequence && isSettled(status) && empty;
    },
    { seen: () => seen },
  );
}

export function isSettled(status: FolderStatus): boolean {
  return (
    status.state === 'idle' &&
    status.needTotalItems === 0 &&
    status.errors === 0 &&
    status.receiveOnlyTotalItems === 0
  );
}
