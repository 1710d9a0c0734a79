import type { FakeSyncthing } from './fake-syncthing.ts';
import { OK, type Answer, type RestAnswer, type RestRequest } from './rest-answer.ts';

/** Configuration and the daemon as a whole. */
export const systemAnswers: ReadonlyMap<string, Answer> = new Map<string, Answer>([
  ['GET /rest/noauth/health', () => ({ json: { status: 'OK' } })],
  ['GET /rest/system/version', () => ({ json: { version: 'v1.30.0' } })],
  ['GET /rest/system/error', () => ({ json: { errors: null } })],
  ['GET /rest/system/status', systemStatus],
  ['GET /rest/system/connections', connections],
  ['GET /rest/cluster/pending/folders', pendingFolders],
  ['GET /rest/stats/folder', folderStatistics],
  ['GET /rest/events', events],
  ['GET /rest/config', config],
  ['GET /rest/config/restart-required', () => ({ json: { requiresRestart: false } })],
  ['GET /rest/config/folders/:id', folder],
  ['GET /rest/config/devices/:id', device],
  ['PUT /rest/config/folders', (syncthing, { body }) => done(syncthing.putFolders(list(body)))],
  ['PUT /rest/config/devices', (syncthing, { body }) => done(syncthing.putDevices(list(body)))],
  ['DELETE /rest/config/folders/:id', (syncthing, { query }) => done(syncthing.deleteFolder(id(query)))],
  ['DELETE /rest/config/devices/:id', (syncthing, { query }) => done(syncthing.deleteDevice(id(query)))],
]);

function done(_result: void): RestAnswer {
  return OK;
}

function list(body: unknown): readonly unknown[] {
  return Array.isArray(body) ? body : [];
}

function id(query: URLSearchParams): string {
  return query.get('id') ?? '';
}

function systemStatus(syncthing: FakeSyncthing): RestAnswer {
  const { deviceId: myID, startTime } = syncthing;
  return { json: { myID, startTime, uptime: Math.floor((Date.now() - Date.parse(startTime)) / 1000) } };
}

function connections(syncthing: FakeSyncthing): RestAnswer {
  const others = [...syncthing.devices.values()].filter((known) => known.deviceID !== syncthing.deviceId);
  const entries = others.map(({ deviceID, paused }) => {
    const other = syncthing.network.find(deviceID);
    const connected = other !== undefined && syncthing.network.isConnected(syncthing, other);
    const address = connected ? other.address.replace('tcp://', '') : '';
    return [deviceID, { connected, paused, address, clientVersion: connected ? 'v1.30.0' : '' }];
  });
  return { json: { connections: Object.fromEntries(entries) } };
}

function pendingFolders(syncthing: FakeSyncthing): RestAnswer {
  const pending: Record<string, { offeredBy: Record<string, object> }> = {};
  for (const other of syncthing.network.members) {
    if (!syncthing.network.isConnected(syncthing, other)) {
      continue;
    }
    for (const [folderId, { config: theirs }] of other.folders) {
      const offered = theirs.devices.some((listed) => listed.deviceID === syncthing.deviceId);
      if (offered && !syncthing.network.sharing(syncthing, folderId).includes(other)) {
        (pending[folderId] ??= { offeredBy: {} }).offeredBy[other.deviceId] = {};
      }
    }
  }
  return { json: pending };
}

function folderStatistics(syncthing: FakeSyncthing): RestAnswer {
  const entries = [...syncthing.folders].map(([folderId, { lastScan }]) => {
    const time = lastScan === undefined ? '0001-01-01T00:00:00Z' : new Date(lastScan).toISOString();
    return [folderId, { lastScan: time }];
  });
  return { json: Object.fromEntries(entries) };
}

async function events(syncthing: FakeSyncthing, { query, closed }: RestRequest): Promise<RestAnswer> {
  const since = Number(query.get('since') ?? 0);
  const limit = Number(query.get('limit') ?? 0);
  const holdMs = Number(query.get('timeout') ?? 60) * 1000;
  const types = query.get('events') ?? '';
  const found = await syncthing.events.since({ types, since, holdMs }, closed);
  return { json: limit > 0 ? found.slice(-limit) : found };
}

function config(syncthing: FakeSyncthing): RestAnswer {
  const folders = [...syncthing.folders.values()].map((known) => known.config);
  return {
    json: { version: 37, folders, devices: [...syncthing.devices.values()], options: {} },
  };
}

function folder(syncthing: FakeSyncthing, { query }: RestRequest): RestAnswer {
  const known = syncthing.folders.get(id(query));
  return known ? { json: known.config } : { status: 404, text: 'No folder with given ID' };
}

function device(syncthing: FakeSyncthing, { query }: RestRequest): RestAnswer {
  const known = syncthing.devices.get(id(query));
  return known ? { json: known } : { status: 404, text: 'No device with given ID' };
}
