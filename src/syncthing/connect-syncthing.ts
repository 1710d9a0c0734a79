import { setTimeout as sleep } from 'node:timers/promises';
import * as answer from './answer-schema.ts';
import type { CallOptions, DeviceConfig, SyncthingClient } from './client.ts';
import { deviceConfigSchema, folderConfigSchema, syncthingConfigSchema } from './config-schema.ts';
import { SyncthingError } from './errors.ts';
import { httpCall, type HttpCall, type SyncthingAddress } from './http-call.ts';
import { find, get, order } from './rest-call.ts';

/** A bulk change of 1000 folders was measured at 9 s on 2.x. */
const CONFIG_TIMEOUT_MS = 60_000;
const SCAN_TIMEOUT_MS = 30 * 60_000;
const DISCONNECT_TIMEOUT_MS = 10_000;
const NAMES_PER_PAGE = 100;

export type ConnectOptions = SyncthingAddress & { readonly apiKey: string };

/** The real client. Opens no connection before the first call. */
export function connectSyncthing(options: ConnectOptions): SyncthingClient {
  const http = httpCall(options, options.apiKey);
  return {
    ...systemCalls(http),
    ...configCalls(http),
    ...folderCalls(http),
    ...indexCalls(http),
    close: () => http.close(),
  };
}

type SystemCalls = Pick<
  SyncthingClient,
  | 'health'
  | 'systemStatus'
  | 'version'
  | 'systemErrors'
  | 'connections'
  | 'pendingFolders'
  | 'lastScans'
  | 'events'
>;

function systemCalls(http: HttpCall): SystemCalls {
  return {
    async health(call) {
      await order(http, { method: 'GET', path: 'noauth/health', call });
    },
    async systemStatus(call) {
      const status = await get(http, answer.systemStatusSchema, { path: 'system/status', call });
      return { myID: status.myID, startTime: status.startTime, uptimeSeconds: status.uptime };
    },
    async version(call) {
      return (await get(http, answer.versionSchema, { path: 'system/version', call })).version;
    },
    async systemErrors(call) {
      return (await get(http, answer.systemErrorsSchema, { path: 'system/error', call })).errors;
    },
    async connections(call) {
      const path = 'system/connections';
      const { connections } = await get(http, answer.connectionsSchema, { path, call });
      return new Map(Object.entries(connections));
    },
    async pendingFolders(call) {
      const path = 'cluster/pending/folders';
      const pending = await get(http, answer.pendingFoldersSchema, { path, call });
      return Object.entries(pending).map(([folderId, { offeredBy }]) => ({
        folderId,
        offeredBy: Object.keys(offeredBy),
      }));
    },
    async lastScans(call) {
      const statistics = await get(http, answer.folderStatisticsSchema, { path: 'stats/folder', call });
      return new Map(
        Object.entries(statistics).map(([folderId, { lastScan }]) => [folderId, Date.parse(lastScan)]),
      );
    },
    async events({ events, since, limit, holdSeconds }, call) {
      const query = { events: events.join(','), since, limit, timeout: holdSeconds };
      const timeoutMs = (holdSeconds + 10) * 1000;
      const own = { ownConnection: true };
      return get(http, answer.eventsSchema, { path: 'events', query, call, timeoutMs, ...own });
    },
  };
}

type ConfigCalls = Pick<
  SyncthingClient,
  | 'config'
  | 'folder'
  | 'device'
  | 'restartRequired'
  | 'putFolders'
  | 'configSettled'
  | 'deleteFolder'
  | 'putDevices'
  | 'deleteDevice'
  | 'setDevicePaused'
>;

function configCalls(http: HttpCall): ConfigCalls {
  const write = { timeoutMs: CONFIG_TIMEOUT_MS };

  async function device(deviceId: string, call: CallOptions): Promise<DeviceConfig | undefined> {
    const path = `config/devices/${encodeURIComponent(deviceId)}`;
    return find(http, deviceConfigSchema, { path, call, missing: /^No device/ });
  }
  async function putDevices(devices: readonly DeviceConfig[], call: CallOptions): Promise<void> {
    // The daemon merges the list into its own: what is not named stays.
    await order(http, { method: 'PUT', path: 'config/devices', body: devices, call, ...write });
  }
  return {
    device,
    putDevices,
    async config(call) {
      return get(http, syncthingConfigSchema, { path: 'config', call });
    },
    async folder(folderId, call) {
      const path = `config/folders/${encodeURIComponent(folderId)}`;
      return find(http, folderConfigSchema, { path, call, missing: /^No folder/ });
    },
    async restartRequired(call) {
      const path = 'config/restart-required';
      return (await get(http, answer.restartRequiredSchema, { path, call })).requiresRestart;
    },
    async putFolders(folders, call) {
      await order(http, { method: 'PUT', path: 'config/folders', body: folders, call, ...write });
    },
    async configSettled(call) {
      // Changes wait for each other, and each is saved: one of nothing is the last of all that came before.
      await order(http, { method: 'PUT', path: 'config/folders', body: [], call, ...write });
    },
    async deleteFolder(folderId, call) {
      const path = `config/folders/${encodeURIComponent(folderId)}`;
      await order(http, { method: 'DELETE', path, call, ...write });
    },
    async deleteDevice(deviceId, call) {
      const path = `config/devices/${encodeURIComponent(deviceId)}`;
      await order(http, { method: 'DELETE', path, call, ...write });
    },
    async setDevicePaused(deviceId, paused, call) {
      const current = await device(deviceId, call);
      if (current === undefined) {
        throw new SyncthingError('not-found', `Syncthing has no device ${deviceId} to pause`);
      }
      if (current.paused !== paused) {
        await putDevices([{ ...current, paused }], call);
      }
      if (paused) {
        await untilDisconnected(http, deviceId, call);
      }
    },
  };
}

const DISCONNECT_POLL_MS = 10;

/** The daemon closes the connection after it has answered (measured on 1.30); a fence is one only then. */
async function untilDisconnected(http: HttpCall, deviceId: string, call: CallOptions): Promise<void> {
  const { connections } = systemCalls(http);
  const timeoutMs = call.timeoutMs ?? DISCONNECT_TIMEOUT_MS;
  const signal = AbortSignal.any([call.signal, AbortSignal.timeout(timeoutMs)]);
  while ((await connections({ ...call, signal })).get(deviceId)?.connected === true) {
    await sleep(DISCONNECT_POLL_MS, undefined, { signal }).catch((error: unknown) => {
      const kind = call.signal.aborted ? 'aborted' : 'timeout';
      throw new SyncthingError(kind, `Syncthing paused ${deviceId}, but it is still connected`, {
        cause: error,
      });
    });
  }
}

type FolderCalls = Pick<
  SyncthingClient,
  'scan' | 'revert' | 'override' | 'folderStatus' | 'completion' | 'folderErrors'
>;

function folderCalls(http: HttpCall): FolderCalls {
  return {
    async scan(folder, { sub, ...call }) {
      const query = { folder, sub };
      const timeoutMs = SCAN_TIMEOUT_MS;
      try {
        await order(http, { method: 'POST', path: 'db/scan', query, call, timeoutMs });
      } catch (error) {
        throw scanError(error);
      }
    },
    async revert(folder, call) {
      await order(http, { method: 'POST', path: 'db/revert', query: { folder }, call });
    },
    async override(folder, call) {
      await order(http, { method: 'POST', path: 'db/override', query: { folder }, call });
    },
    async folderStatus(folder, call) {
      return get(http, answer.folderStatusSchema, { path: 'db/status', query: { folder }, call });
    },
    async completion(folder, { deviceId, ...call }) {
      const query = { folder, device: deviceId };
      return get(http, answer.completionSchema, { path: 'db/completion', query, call });
    },
    async folderErrors(folder, { perPage = NAMES_PER_PAGE, ...call }) {
      const query = { folder, perpage: perPage };
      return (await get(http, answer.folderErrorsSchema, { path: 'folder/errors', query, call })).errors;
    },
  };
}

/** The daemon answers 500 with a text when a folder cannot be scanned. */
function scanError(error: unknown): SyncthingError {
  const known = SyncthingError.from(error);
  return known.kind === 'rejected'
    ? new SyncthingError('folder-error', known.message, { cause: known })
    : known;
}

type IndexCalls = Pick<SyncthingClient, 'remoteNeed' | 'need' | 'localChanged' | 'file' | 'browse'>;

function indexCalls(http: HttpCall): IndexCalls {
  return {
    async remoteNeed(folder, device, { perPage = 1, ...call }) {
      const query = { folder, device, perpage: perPage };
      const schema = answer.filesSchema;
      const { files } = await get(http, schema, { path: 'db/remoteneed', query, call });
      return { empty: files.length === 0, names: files };
    },
    async need(folder, { perPage = NAMES_PER_PAGE, ...call }) {
      const query = { folder, perpage: perPage };
      return get(http, answer.needSchema, { path: 'db/need', query, call });
    },
    async localChanged(folder, { page = 1, perPage = NAMES_PER_PAGE, ...call }) {
      const query = { folder, page, perpage: perPage };
      const schema = answer.filesSchema;
      return (await get(http, schema, { path: 'db/localchanged', query, call })).files;
    },
    async file(folder, file, call) {
      const query = { folder, file };
      const missing = /^No such object/i;
      return find(http, answer.fileEntrySchema, { path: 'db/file', query, call, missing });
    },
    async browse(folder, { prefix, levels, ...call }) {
      const query = { folder, prefix, levels };
      return get(http, answer.browseSchema, { path: 'db/browse', query, call });
    },
  };
}
