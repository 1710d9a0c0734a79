/**
 * PURE: the manifest, the file beside `data/` in which a tree's metadata travels. One record an entry, ended by NUL
 * because that is the one byte no path has; the same tree gives the same bytes on every node.
 */
import { byPath, isPlainPath, type Entry } from './entry.ts';
import { MetadataError } from './errors.ts';

/** Another version is left alone: better no metadata than misread metadata. */
const HEADER = 'syncthing-csi metadata 1';

export function renderManifest(entries: readonly Entry[]): Buffer {
  const records = [HEADER, ...entries.toSorted(byPath).map(render)];
  return Buffer.from(records.map((record) => `${record}\0`).join(''), 'latin1');
}

function render(entry: Entry): string {
  return `${fieldsOf(entry).join(' ')} ${entry.path}`;
}

function fieldsOf(entry: Entry): readonly (string | number | bigint)[] {
  switch (entry.kind) {
    case 'directory':
      return ['d', entry.special.toString(8), entry.mtimeNs ?? '-'];
    case 'link':
      return ['l', entry.mtimeNs];
    case 'fifo':
      return ['p', entry.mode.toString(8), entry.uid, entry.gid];
    case 'file':
      return ['f', entry.mode.toString(8), entry.uid, entry.gid, entry.size, entry.mtimeNs, entry.group];
  }
}

/** Throws `unreadable` for anything that renderManifest does not write. */
export function parseManifest(bytes: Buffer): readonly Entry[] {
  const records = bytes.toString('latin1').split('\0');
  if (records[0] !== HEADER || records.at(-1) !== '') {
    throw new MetadataError('unreadable', 'it does not begin and end as a manifest of this version does');
  }
  return records.slice(1, -1).map((record) => {
    const entry = parse(record);
    if (entry === undefined || !isPlainPath(entry.path))
      throw new MetadataError('unreadable', 'it has a record that is none');
    return entry;
  });
}

// The path may hold line breaks: [^] is any character.
const RECORDS: Readonly<Record<Entry['kind'], RegExp>> = {
  directory: /^d (?<mode>[0-7]{1,4}) (?<mtime>-|-?\d+) (?<path>[^]*)$/,
  link: /^l (?<mtime>-?\d+) (?<path>[^]+)$/,
  fifo: /^p (?<mode>[0-7]{1,4}) (?<uid>\d+) (?<gid>\d+) (?<path>[^]+)$/,
  file: /^f (?<mode>[0-7]{1,4}) (?<uid>\d+) (?<gid>\d+) (?<size>\d+) (?<mtime>-?\d+) (?<group>\d+) (?<path>[^]+)$/,
};

function parse(record: string): Entry | undefined {
  for (const kind of ['directory', 'link', 'fifo', 'file'] as const) {
    const found = RECORDS[kind].exec(record)?.groups;
    if (found !== undefined) return entryOf(kind, found);
  }
  return undefined;
}

function entryOf(kind: Entry['kind'], groups: Readonly<Record<string, string>>): Entry {
  const { path = '', mtime = '0' } = groups;
  const mode = Number.parseInt(groups['mode'] ?? '0', 8);
  const owner = { uid: Number(groups['uid']), gid: Number(groups['gid']) };
  switch (kind) {
    case 'directory':
      return { kind, path, special: mode, ...(mtime !== '-' && { mtimeNs: BigInt(mtime) }) };
    case 'link':
      return { kind, path, mtimeNs: BigInt(mtime) };
    case 'fifo':
      return { kind, path, mode, ...owner };
    case 'file': {
      const size = BigInt(groups['size'] ?? '0');
      return { kind, path, mode, ...owner, size, mtimeNs: BigInt(mtime), group: Number(groups['group']) };
    }
  }
}
