/** What can stand at a path of a volume, as the writer meant it and as a reader finds it. */

export interface Ownership {
  /** The nine permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
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
    } & Ownership)
  /** A file too large to be hashed whole; its blocks stand at paths of their own, see blockPath. */
  | ({ readonly kind: 'large'; readonly size: number; readonly mtimeNs: string } & Ownership)
  /** A block is whole, and some write's, or `torn`. */
  | { readonly kind: 'block'; readonly content: string }
  | { readonly kind: 'link'; readonly target: string }
  | ({ readonly kind: 'directory' } & Ownership)
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

/** All that has to arrive. Times of directories and links do not (docs/limitations.md). */
function identityOf(value: Value): readonly (string | number)[] {
  if (value.kind === 'link') return [value.target];
  if (value.kind === 'block') return [value.content];
  if (value.kind === 'absent' || value.kind === 'other') return [];
  const { mode, uid, gid } = value;
  if (value.kind === 'directory') return [mode, uid, gid];
  const content = value.kind === 'file' ? value.sha256 : value.size;
  return [mode, uid, gid, content, value.mtimeNs];
}

/** The same in all that has to arrive. */
export function isSame(a: Value, b: Value): boolean {
  if (a.kind !== b.kind) return false;
  const other = identityOf(b);
  return identityOf(a).every((part, index) => part === other[index]);
}

/** In one line, for people. */
export function tellValue(value: Value): string {
  if (value.kind === 'file') {
    const whose = value.content === undefined ? '' : ` of ${value.content}`;
    const { sha256, size, mode, uid, gid, mtimeNs } = value;
    return `file${whose}, ${size} bytes, sha256 ${sha256.slice(0, 12)}, mode ${mode.toString(8)}, ${uid}:${gid}, mtime ${mtimeNs}`;
  }
  if (value.kind === 'large') {
    const { size, mode, uid, gid, mtimeNs } = value;
    return `large file, ${size} bytes, mode ${mode.toString(8)}, ${uid}:${gid}, mtime ${mtimeNs}`;
  }
  if (value.kind === 'block') return `block of ${value.content}`;
  if (value.kind === 'link') return `link to ${value.target}`;
  if (value.kind === 'directory')
    return `directory, mode ${value.mode.toString(8)}, ${value.uid}:${value.gid}`;
  return value.kind;
}
