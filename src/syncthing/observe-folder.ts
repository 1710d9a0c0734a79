import type { FolderReport, ReplicaPeer } from '../desired/replica.ts';
import type { CallOptions, FolderConfig, FolderStatus, SyncthingClient } from './client.ts';
import { SyncthingError } from './errors.ts';
import type { FirstScans } from './first-scans.ts';
import { isSender } from './folder-config.ts';
import type { DaemonView } from './observe-daemon.ts';

export interface ObserveFolder {
  readonly folderId: string;
  /** Peers of whom the report is to tell; those with whom the folder is not shared have nothing. */
  readonly peers: readonly ReplicaPeer[];
  readonly daemon: DaemonView;
  readonly firstScans: FirstScans;
}

type Client = Pick<
  SyncthingClient,
  'systemStatus' | 'folder' | 'folderStatus' | 'folderErrors' | 'completion' | 'remoteNeed' | 'scan'
>;

const MESSAGES = 5;

/**
 * One folder as this daemon has it, or `undefined` when it does not have it.
 *
 * The order of reading is what makes both halves of a proof sound (docs/handoff.md, "proof"):
 *
 * 1. `knownSequence` of each peer, then
 * 2. needs, state, errors and local changes: "nothing needed" refers to at least the index known in
 *    step 1. The other way round, an index that arrives in between would count as received.
 * 3. the own `sequence`, after 2, so that as a holder's recorded sequence it covers what step 2
 *    found complete, and before
 * 4. `remoteNeedEmpty` of each peer: "the peer lacks nothing" refers to at least `sequence`.
 * 5. the daemon is still the same process: else the parts are of different lives and none counts.
 *
 * Three calls, without peers; one more with them, and one a peer.
 */
export async function observeFolder(
  client: Client,
  { folderId, peers, daemon, firstScans }: ObserveFolder,
  call: CallOptions,
): Promise<FolderReport | undefined> {
  const config = await client.folder(folderId, call);
  if (config === undefined) {
    firstScans.forget(folderId);
    return undefined;
  }
  const sharing = sharedPeers(config, peers);
  const known = await knownSequences(client, folderId, sharing, call);
  const status = await client.folderStatus(folderId, call);
  const sequence = await ownSequence(client, folderId, status, call);
  const running = status.state !== 'not-running';
  const contented = running ? await peersInNeedOfNothing(client, folderId, sharing, call) : new Set();
  const messages = await errorMessages(client, folderId, status, call);
  const scanned = await firstScans.finished(client, daemon, { folderId, state: status.state }, call);
  await expectSameProcess(client, daemon, call);
  return {
    state: status.state,
    type: isSender(config.type) ? 'sendreceive' : 'receiveonly',
    sequence,
    needItems: status.needTotalItems,
    needBytes: status.needBytes,
    receiveOnlyItems: status.receiveOnlyTotalItems,
    errors: status.errors + (status.error === undefined ? 0 : 1),
    messages,
    scanned,
    peers: peers.map(({ node, deviceId }) => ({
      node,
      deviceId,
      connected: daemon.connected.has(deviceId),
      knownSequence: known.get(deviceId) ?? 0,
      remoteNeedEmpty: contented.has(deviceId),
    })),
  };
}

/** Device ids of the peers with whom the daemon really shares the folder. */
function sharedPeers(config: FolderConfig, peers: readonly ReplicaPeer[]): readonly string[] {
  const sharing = new Set(config.devices.map((device) => device.deviceID));
  return peers.map((peer) => peer.deviceId).filter((deviceId) => sharing.has(deviceId));
}

async function knownSequences(
  client: Client,
  folderId: string,
  deviceIds: readonly string[],
  call: CallOptions,
): Promise<ReadonlyMap<string, number>> {
  const known = new Map<string, number>();
  if (deviceIds.length === 0) {
    return known;
  }
  const { state, remoteSequence } = await client.folderStatus(folderId, call);
  for (const deviceId of state === 'not-running' ? [] : deviceIds) {
    const sequence = remoteSequence
      ? (remoteSequence[deviceId] ?? 0)
      : (await client.completion(folderId, { ...call, deviceId })).sequence;
    known.set(deviceId, sequence);
  }
  return known;
}

/** A daemon that gives no sequences of others (before 1.27.4) counts more than its own as `sequence`. */
async function ownSequence(
  client: Client,
  folderId: string,
  status: FolderStatus,
  call: CallOptions,
): Promise<number> {
  const exact = status.remoteSequence !== undefined || status.state === 'not-running';
  return exact ? status.sequence : (await client.completion(folderId, call)).sequence;
}

async function peersInNeedOfNothing(
  client: Client,
  folderId: string,
  deviceIds: readonly string[],
  call: CallOptions,
): Promise<ReadonlySet<string>> {
  const contented = new Set<string>();
  for (const deviceId of deviceIds) {
    const { empty } = await client.remoteNeed(folderId, deviceId, call);
    if (empty) {
      contented.add(deviceId);
    }
  }
  return contented;
}

async function errorMessages(
  client: Client,
  folderId: string,
  status: FolderStatus,
  call: CallOptions,
): Promise<readonly string[]> {
  const files =
    status.errors === 0 ? [] : await client.folderErrors(folderId, { ...call, perPage: MESSAGES });
  return [
    ...(status.error === undefined ? [] : [status.error]),
    ...files.map(({ path, error }) => `${path}: ${error}`),
    ...(status.watchError === undefined ? [] : [`changes are not seen at once: ${status.watchError}`]),
  ].slice(0, MESSAGES);
}

async function expectSameProcess(client: Client, daemon: DaemonView, call: CallOptions): Promise<void> {
  const { startTime } = await client.systemStatus(call);
  if (startTime !== daemon.startTime) {
    throw new SyncthingError('unreachable', 'Syncthing was restarted while its folders were read');
  }
}
