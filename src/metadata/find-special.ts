/** One walk over a writer's tree, by find(1): a hundred thousand lstat calls in this process would take seconds. */
import { execa } from 'execa';
import { isPlainPath, type Found, type FoundType, type Sight } from './entry.ts';
import { MetadataError } from './errors.ts';

/** A cold disk with millions of files. */
const TIMEOUT_MS = 30 * 60_000;

const TYPES: Readonly<Record<string, FoundType>> = {
  d: 'directory',
  l: 'link',
  p: 'fifo',
  s: 'socket',
  b: 'device',
  c: 'device',
  f: 'file',
};

/** Whatever Syncthing does not carry, or not all of it; ordinary files are not printed. */
function isSpecial(namesElsewhere: number): readonly string[] {
  const shared = `-links +${1 + namesElsewhere}`;
  const names = '-name .syncthing.* -o -name ~syncthing~*';
  return `( -type d,l,p,s,b,c -o ${shared} -o -perm /7000 -o ${names} )`.split(' ');
}

const SHARED_FILES = ['-type', 'f', '-links', '+1'];

const FORMAT = String.raw`%y %m %n %U %G %s %T@ %D:%i %P\0`;

/** Of directories and links, and of the rest: some 30 MiB each until they are written down. */
const MAX_KEPT = 50_000;
/** Of the paths of each, which a pod can make 4 KiB long: as many as above would be more than the container may have. */
const MAX_KEPT_BYTES = 16 * 1024 * 1024;

export interface FindOptions {
  /** How many names outside the tree each file has. */
  readonly namesElsewhere?: number;
  /** Files with several names, in the tree or elsewhere, and nothing else. */
  readonly only?: 'shared-files';
  readonly maxKept?: number;
  readonly maxKeptBytes?: number;
}

/** `root` is absolute, and has to exist. Follows no link. */
export async function findSpecial(
  root: string,
  signal: AbortSignal,
  { namesElsewhere = 0, only, maxKept = MAX_KEPT, maxKeptBytes = MAX_KEPT_BYTES }: FindOptions = {},
): Promise<Sight> {
  const wanted = only === 'shared-files' ? SHARED_FILES : isSpecial(namesElsewhere);
  const find = execa('find', [root, ...wanted, '-printf', FORMAT], {
    // Names are bytes, and so are the patterns.
    env: { LC_ALL: 'C' },
    encoding: 'buffer',
    buffer: { stdout: false },
    stdin: 'ignore',
    cancelSignal: signal,
    timeout: TIMEOUT_MS,
    reject: false,
  });
  const sight = await collect(find.stdout, { maxKept, maxKeptBytes });
  const result = await find;
  if (!result.failed) return sight;
  signal.throwIfAborted();
  const complaint = Buffer.from(result.stderr).toString('utf8').trim();
  throw new MetadataError('failed', `cannot look through ${root}: ${complaint || result.shortMessage}`);
}

type Limits = Required<Pick<FindOptions, 'maxKept' | 'maxKeptBytes'>>;

async function collect(output: AsyncIterable<Uint8Array>, limits: Limits): Promise<Sight> {
  const places = createKeep(limits);
  const files = createKeep(limits);
  let rest = '';
  for await (const chunk of output) {
    const lines = (rest + Buffer.from(chunk).toString('latin1')).split('\0');
    rest = lines.pop() ?? '';
    for (const found of lines.map(parseLine)) {
      const isPlace = found.type === 'directory' || found.type === 'link';
      (isPlace ? places : files).add(found);
    }
  }
  return {
    places: places.kept,
    hasMorePlaces: places.hasMore(),
    files: files.kept,
    hasMoreFiles: files.hasMore(),
  };
}

interface Keep {
  readonly kept: readonly Found[];
  hasMore(): boolean;
  add(found: Found): void;
}

function createKeep({ maxKept, maxKeptBytes }: Limits): Keep {
  const kept: Found[] = [];
  let bytes = 0;
  let hasMore = false;
  return {
    kept,
    hasMore: () => hasMore,
    add(found) {
      hasMore ||= kept.length === maxKept || bytes + found.path.length > maxKeptBytes;
      if (hasMore) return;
      bytes += found.path.length;
      kept.push({ ...found, path: detached(found.path), inode: detached(found.inode) });
    },
  };
}

/** V8 keeps the whole of a text for a part of it: for each path all that was read with it, most of which is not kept. */
function detached(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}

// The whole seconds may be negative, the fraction never is: find prints -1.75 for a quarter of a second before 1970.
const LINE = /^([a-z]) ([0-7]+) (\d+) (\d+) (\d+) (\d+) (-?\d+)\.(\d{9})\d* (\d+:\d+) ([^]*)$/;

export function parseLine(line: string): Found {
  const fields = LINE.exec(line);
  const type = TYPES[line.charAt(0)];
  if (fields === null || type === undefined || !isPlainPath(fields[10] ?? '/'))
    throw new MetadataError('unreadable', `find printed "${line}"`);
  // Every group of the expression takes part in every match.
  const field = (group: number): string => fields[group] ?? '';
  return {
    type,
    path: field(10),
    mode: Number.parseInt(field(2), 8),
    links: Number(field(3)),
    uid: Number(field(4)),
    gid: Number(field(5)),
    size: BigInt(field(6)),
    mtimeNs: BigInt(field(7)) * 1_000_000_000n + BigInt(field(8)),
    inode: field(9),
  };
}
