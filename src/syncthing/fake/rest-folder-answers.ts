import type { FakeFolder } from './fake-folder.ts';
import type { FakeSyncthing } from './fake-syncthing.ts';
import type { IndexEntry } from './index-entry.ts';
import { OK, type Answer, type RestAnswer, type RestRequest } from './rest-answer.ts';

/** What is asked of one folder. */
export const folderAnswers: ReadonlyMap<string, Answer> = new Map<string, Answer>([
  ['POST /rest/db/scan', scan],
  ['POST /rest/db/revert', revert],
  ['POST /rest/db/override', override],
  ['GET /rest/db/status', ofFolder(status)],
  ['GET /rest/db/completion', ofFolder(completion)],
  ['GET /rest/db/remoteneed', ofFolder(remoteNeed)],
  ['GET /rest/db/need', ofFolder(need)],
  ['GET /rest/db/localchanged', ofFolder(localChanged)],
  ['GET /rest/db/file', ofFolder(file)],
  ['GET /rest/db/browse', ofFolder(browse)],
  ['GET /rest/folder/errors', ofFolder(folderErrors)],
]);

interface FolderRequest extends RestRequest {
  readonly syncthing: FakeSyncthing;
  readonly folderId: string;
}

function ofFolder(answer: (folder: FakeFolder, request: FolderRequest) => RestAnswer): Answer {
  return (syncthing, request) => {
    const folderId = request.query.get('folder') ?? '';
    const folder = syncthing.folders.get(folderId);
    return folder === undefined
      ? { status: 404, text: 'no such folder' }
      : answer(folder, { ...request, syncthing, folderId });
  };
}

function scan(syncthing: FakeSyncthing, { query }: RestRequest): RestAnswer {
  const error = syncthing.scan(query.get('folder') ?? '', query.getAll('sub'));
  return error === undefined ? OK : { status: 500, text: error };
}

/** Answers before it is done, as the real one. */
function revert(syncthing: FakeSyncthing, { query }: RestRequest): RestAnswer {
  setImmediate(() => syncthing.revert(query.get('folder') ?? ''));
  return OK;
}

function override(syncthing: FakeSyncthing, { query }: RestRequest): RestAnswer {
  setImmediate(() => syncthing.override(query.get('folder') ?? ''));
  return OK;
}

function status(folder: FakeFolder): RestAnswer {
  const needed = folder.needed();
  const local = [...folder.index.values()].filter((entry) => !entry.deleted);
  const global = folder.globals().filter((entry) => !entry.deleted);
  const sequences = [...folder.remote].filter(([, known]) => known.sequence > 0);
  return {
    json: {
      state: folder.state,
      error: folder.error ?? '',
      errors: folder.errors.length,
      watchError: '',
      sequence: folder.sequence,
      remoteSequence: Object.fromEntries(sequences.map(([device, known]) => [device, known.sequence])),
      needTotalItems: needed.length,
      needDeletes: needed.filter((entry) => entry.deleted).length,
      needBytes: bytes(needed),
      receiveOnlyTotalItems: folder.config.type === 'receiveonly' ? folder.locallyChanged().length : 0,
      globalTotalItems: global.length,
      globalBytes: bytes(global),
      localTotalItems: local.length,
      localBytes: bytes(local),
    },
  };
}

function bytes(entries: readonly IndexEntry[]): number {
  return entries
    .filter((entry) => !entry.deleted && entry.type === 'file')
    .reduce((sum, entry) => sum + entry.size, 0);
}

function completion(folder: FakeFolder, request: FolderRequest): RestAnswer {
  const device = request.query.get('device') ?? undefined;
  const needed = folder.needed(device);
  const global = folder.globals().filter((entry) => !entry.deleted);
  const known = device === undefined ? folder.sequence : folder.remote.get(device)?.sequence;
  return {
    json: {
      sequence: known ?? 0,
      needItems: needed.filter((entry) => !entry.deleted).length,
      needDeletes: needed.filter((entry) => entry.deleted).length,
      needBytes: bytes(needed),
      globalItems: global.length,
      globalBytes: bytes(global),
      remoteState: device === undefined ? 'unknown' : remoteState(request, device),
    },
  };
}

function remoteState({ syncthing, folderId }: FolderRequest, deviceId: string): string {
  const { network } = syncthing;
  const other = network.find(deviceId);
  if (other === undefined || !network.isConnected(syncthing, other)) {
    return 'unknown';
  }
  return network.sharing(syncthing, folderId).includes(other) ? 'valid' : 'notSharing';
}

function remoteNeed(folder: FakeFolder, { query }: FolderRequest): RestAnswer {
  return { json: { files: page(folder.needed(query.get('device') ?? ''), query) } };
}

function need(folder: FakeFolder, { query }: FolderRequest): RestAnswer {
  return { json: { progress: [], queued: [], rest: page(folder.needed(), query) } };
}

function localChanged(folder: FakeFolder, { query }: FolderRequest): RestAnswer {
  return { json: { files: page(folder.locallyChanged(), query) } };
}

function folderErrors(folder: FakeFolder, { query }: FolderRequest): RestAnswer {
  return { json: { errors: folder.errors.slice(0, Number(query.get('perpage') ?? 100)) } };
}

function page(entries: readonly IndexEntry[], query: URLSearchParams): readonly unknown[] {
  const perPage = Number(query.get('perpage') ?? 65_536);
  const begin = (Number(query.get('page') ?? 1) - 1) * perPage;
  return entries.slice(begin, begin + perPage).map(fileJson);
}

function file(folder: FakeFolder, { query, syncthing, folderId }: FolderRequest): RestAnswer {
  const name = query.get('file') ?? '';
  const local = folder.index.get(name);
  const global = folder.global(name) ?? local;
  if (local === undefined && global === undefined) {
    return { status: 404, text: 'No such object in the index' };
  }
  const sharing = syncthing.network.sharing(syncthing, folderId);
  const sources = sharing.filter((other) => {
    const theirs = folder.remote.get(other.deviceId)?.entries.get(name);
    return theirs !== undefined && !theirs.deleted && !theirs.invalid;
  });
  return {
    json: {
      local: fileJson(local),
      global: fileJson(global),
      availability: sources.map((other) => ({ id: other.deviceId, fromTemporary: false })),
    },
  };
}

/** What the daemon says of a file that an index does not have. */
const NO_FILE = {
  name: '',
  type: 'FILE_INFO_TYPE_FILE',
  deleted: false,
  invalid: false,
  sequence: 0,
  size: 0,
  modifiedBy: '',
  version: [],
  localFlags: 0,
};

function fileJson(entry: IndexEntry | undefined): unknown {
  if (entry === undefined) {
    return NO_FILE;
  }
  const { name, type, deleted, invalid, sequence, size, modifiedBy, receiveOnlyChanged } = entry;
  const counters = Object.entries(entry.version).map(([device, counter]) => `${device}:${counter}`);
  return {
    name,
    type: `FILE_INFO_TYPE_${type.toUpperCase()}`,
    deleted,
    invalid,
    sequence,
    size,
    modifiedBy,
    version: counters.toSorted(),
    localFlags: receiveOnlyChanged ? 8 : 0,
  };
}

interface TreeNode {
  readonly name: string;
  readonly type: string;
  readonly size: number;
  readonly modTime: string;
  readonly children: TreeNode[];
}

function browse(folder: FakeFolder, { query }: FolderRequest): RestAnswer {
  const prefix = query.get('prefix') ?? '';
  const levels = Number(query.get('levels') ?? Number.POSITIVE_INFINITY);
  const below = prefix === '' ? '' : `${prefix}/`;
  const top: TreeNode[] = [];
  const nodes = new Map<string, TreeNode>();
  for (const entry of folder.globals().filter((one) => !one.deleted && one.name.startsWith(below))) {
    const parts = entry.name.slice(below.length).split('/');
    const node = treeNode(entry, parts.at(-1) ?? '');
    if (parts.length <= levels + 1) {
      nodes.set(parts.join('/'), node);
      (nodes.get(parts.slice(0, -1).join('/'))?.children ?? top).push(node);
    }
  }
  return { json: top };
}

function treeNode(entry: IndexEntry, name: string): TreeNode {
  const type = `FILE_INFO_TYPE_${entry.type.toUpperCase()}`;
  const modTime = new Date(entry.modifiedMs).toISOString();
  return { name, type, size: entry.size, modTime, children: [] };
}
