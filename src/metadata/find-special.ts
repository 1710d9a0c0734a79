/** One walk over a writer's tree, by find(1): a hundred thousand lstat calls in this process would take seconds. */
import { execa } from 'execa';
import { isPlainPath, type Found, type FoundType } from './entry.ts';
import { MetadataError } from './errors.ts';

/** A cold disk with millions of files. */
const TIMEOUT_MS = 30 * 60_000;
const MAX_OUTPUT = 1024 ** 3;

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
const SPECIAL =
  '-type d,l,p,s,b,c -o -links +1 -o -perm /7000 -o -name .syncthing.* -o -name ~syncthing~*'.split(' ');
const FORMAT = String.raw`%y %m %U %G %s %T@ %D:%i %P\0`;

/** `root` is absolute; it need not exist. Follows no link. */
export async function findSpecial(root: string, signal: AbortSignal): Promise<readonly Found[]> {
  const result = await execa('find', [root, '(', ...SPECIAL, ')', '-printf', FORMAT], {
    // Names are bytes, and so are the patterns.
    env: { LC_ALL: 'C' },
    encoding: 'buffer',
    stdin: 'ignore',
    cancelSignal: signal,
    timeout: TIMEOUT_MS,
    maxBuffer: MAX_OUTPUT,
    reject: false,
  });
  if (!result.failed) return parseFound(Buffer.from(result.stdout));
  signal.throwIfAborted();
  const complaint = Buffer.from(result.stderr ?? [])
    .toString('utf8')
    .trim();
  throw new MetadataError('failed', `cannot look through ${root}: ${complaint || result.shortMessage}`);
}

export function parseFound(output: Buffer): readonly Found[] {
  return output.toString('latin1').split('\0').slice(0, -1).map(parseLine);
}

// The whole seconds may be negative, the fraction never is: find prints -1.75 for a quarter of a second before 1970.
const LINE = /^([a-z]) ([0-7]+) (\d+) (\d+) (\d+) (-?\d+)\.(\d{9})\d* (\d+:\d+) ([^]*)$/;

function parseLine(line: string): Found {
  const fields = LINE.exec(line);
  const type = TYPES[line.charAt(0)];
  if (fields === null || type === undefined || !isPlainPath(fields[9] ?? '/'))
    throw new MetadataError('unreadable', `find printed "${line}"`);
  // Every group of the expression takes part in every match.
  const field = (group: number): string => fields[group] ?? '';
  return {
    type,
    path: field(9),
    mode: Number.parseInt(field(2), 8),
    uid: Number(field(3)),
    gid: Number(field(4)),
    size: BigInt(field(5)),
    mtimeNs: BigInt(field(6)) * 1_000_000_000n + BigInt(field(7)),
    inode: field(8),
  };
}
