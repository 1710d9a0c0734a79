/** What can stand at a path of a volume, as the writer meant it and as a reader finds it. */

export interface Ownership {
  /** The nine permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Its extended attribute, where it has one. */
  readonly xattr?: string;
}

/** What Syncthing does not carry: the driver does, over a clean move (docs/limitations.md). */
export interface Carried {
  /** setuid, setgid, sticky. */
  readonly special: number;
  /** Of hard links to one file: the first path by name. */
  readonly linkedWith?: string;
  /** Of a directory that nothing is ever put into, as of no other. */
  readonly mtimeNs?: string;
}

export type Value =
  | { readonly kind: 'absent' }
  | ({
      readonly kind: 'file';
      /** Hex. */
      readonly sha256: string;
      readonly size: number;
      /** Nanoseconds since the epoch; text, since a number would round it. */
      readonly mtimeNs: string;
      /** Whose content it is (content.ts), where the writer says it: a piece of it can then be told from foreign bytes. */
      readonly content?: string;
      readonly carried?: Carried;
    } & Ownership)
  /** A file too large to be hashed whole; its blocks stand at paths of their own, see blockPath. */
  | ({ readonly kind: 'large'; readonly size: number; readonly mtimeNs: string } & Ownership)
  /** A block is whole, and some write's, or `torn`. */
  | { readonly kind: 'block'; readonly content: string }
  | { readonly kind: 'link'; readonly target: string }
  | ({ readonly kind: 'directory'; readonly carried?: Carried } & Ownership)
  /** A FIFO, a socket or a device: no workload makes one. */
  | { readonly kind: 'other' };

export const ABSENT: Value = { kind: 'absent' };
export const TORN = 'torn';

/** Everything below a volume's root, by path relative to it. */
export type Tree = ReadonlyMap<string, Value>;

/** The path under which a block of a large file stands in a tree. */
export function blockPath(path: string, index: number): string {
  return `${path}#${index}`;
}

/** The same content; owner, mode and times aside. */
export function isSameContent(a: Value, b: Value): boolean {
  if (a.kind === 'file' && b.kind === 'file') return a.sha256 === b.sha256;
  if (a.kind === 'large' && b.kind === 'large') return a.size === b.size;
  if (a.kind === 'directory' && b.kind === 'directory') return true;
  return isSame(a, b);
}

/** All that Syncthing has to bring. Times of directories and links it does not (docs/limitations.md). */
function identityOf(value: Value): readonly (string | number)[] {
  if (value.kind === 'link') return [value.target];
  if (value.kind === 'block') return [value.content];
  if (value.kind === 'absent' || value.kind === 'other') return [];
  const { mode, uid, gid, xattr = '' } = value;
  if (value.kind === 'directory') return [mode, uid, gid, xattr];
  const content = value.kind === 'file' ? value.sha256 : value.size;
  return [mode, uid, gid, xattr, content, value.mtimeNs];
}

function carriedOf(value: Value): Carried {
  const isCarried = value.kind === 'file' || value.kind === 'directory';
  return { special: 0, ...(isCarried ? value.carried : {}) };
}

/** A time is put back to the microsecond, rounded either way. */
const ROUNDED_NS = 1_000;

function isCarriedOver(a: Carried, b: Carried): boolean {
  if (a.special !== b.special || a.linkedWith !== b.linkedWith) return false;
  if (a.mtimeNs === undefined || b.mtimeNs === undefined) return a.mtimeNs === b.mtimeNs;
  const apart = BigInt(a.mtimeNs) - BigInt(b.mtimeNs);
  return apart < ROUNDED_NS && apart > -ROUNDED_NS;
}

/** The same in all that Syncthing has to bring. */
export function isSame(a: Value, b: Value): boolean {
  const other = identityOf(b);
  return a.kind === b.kind && identityOf(a).every((part, index) => part === other[index]);
}

/** The same also in what the driver carries over a clean move. */
export function isWhollySame(a: Value, b: Value): boolean {
  return isSame(a, b) && isCarriedOver(carriedOf(a), carriedOf(b));
}

function tellOwnership({ mode, uid, gid, xattr }: Ownership): string {
  return `mode ${mode.toString(8)}, ${uid}:${gid}${xattr === undefined ? '' : `, attribute ${xattr}`}`;
}

function tellCarried({ special, linkedWith, mtimeNs }: Carried = { special: 0 }): string {
  const bits = special === 0 ? '' : `, bits ${special.toString(8)}`;
  const link = linkedWith === undefined ? '' : `, linked with ${linkedWith}`;
  return `${bits}${link}${mtimeNs === undefined ? '' : `, mtime ${mtimeNs}`}`;
}

/** In one line, for people. */
export function tellValue(value: Value): string {
  if (value.kind === 'file') {
    const whose = value.content === undefined ? '' : ` of ${value.content}`;
    const { sha256, size, mtimeNs, carried } = value;
    return `file${whose}, ${size} bytes, sha256 ${sha256.slice(0, 12)}, ${tellOwnership(value)}, mtime ${mtimeNs}${tellCarried(carried)}`;
  }
  if (value.kind === 'large') {
    const { size, mtimeNs } = value;
    return `large file, ${size} bytes, ${tellOwnership(value)}, mtime ${mtimeNs}`;
  }
  if (value.kind === 'block') return `block of ${value.content}`;
  if (value.kind === 'link') return `link to ${value.target}`;
  if (value.kind === 'directory') return `directory, ${tellOwnership(value)}${tellCarried(value.carried)}`;
  return value.kind;
}
