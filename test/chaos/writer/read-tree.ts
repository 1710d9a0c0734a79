/** Reads a whole tree: content as digests, with all that has to arrive with it. */
import { closeSync, openSync, readFileSync, readSync, readdirSync, readlinkSync, lstatSync } from 'node:fs';
import { join } from 'node:path';
import { BLOCK_SIZE, blockOwner, sha256Of } from '../ledger/content.ts';
import { blockPath, type Carried, type Ownership, TORN, type Tree, type Value } from '../ledger/value.ts';
import { readAttribute } from './attributes.ts';
import { isLeftAlone } from './names.ts';

/** From here on a file is looked at block by block. */
export const LARGE = 8 * 1024 * 1024;

type Entries = (readonly [string, Value])[];

function readBlocks(file: string, path: string): Entries {
  const entries: Entries = [];
  const descriptor = openSync(file, 'r');
  try {
    const block = Buffer.alloc(BLOCK_SIZE);
    for (let index = 0; ; index += 1) {
      const length = readSync(descriptor, block, 0, BLOCK_SIZE, index * BLOCK_SIZE);
      if (length === 0) return entries;
      const content = blockOwner(block.subarray(0, length)) ?? TORN;
      entries.push([blockPath(path, index), { kind: 'block', content }]);
    }
  } finally {
    closeSync(descriptor);
  }
}

type Found = ReturnType<typeof look>;

function look(file: string) {
  return lstatSync(file, { bigint: true });
}

function ownershipOf(file: string, stat: Found): Ownership {
  const xattr = readAttribute(file);
  return {
    mode: Number(stat.mode & 0o777n),
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    ...(xattr !== undefined && { xattr }),
  };
}

/** Nothing where there is nothing to carry, as for most files. */
function carriedOf(path: string, stat: Found): { readonly carried?: Carried } {
  const special = Number(stat.mode & 0o7000n);
  const mtime = stat.isDirectory() && isLeftAlone(path) ? { mtimeNs: String(stat.mtimeNs) } : {};
  return special === 0 && Object.keys(mtime).length === 0 ? {} : { carried: { special, ...mtime } };
}

function readEntry(root: string, path: string, inodes: Map<string, string[]>): Entries {
  const file = join(root, path);
  const stat = look(file);
  if (stat.isSymbolicLink()) return [[path, { kind: 'link', target: readlinkSync(file) }]];
  const ownership = ownershipOf(file, stat);
  const carried = carriedOf(path, stat);
  if (stat.isDirectory())
    return [
      [path, { kind: 'directory', ...ownership, ...carried }],
      ...readdirSync(file).flatMap((name) => readEntry(root, join(path, name), inodes)),
    ];
  if (!stat.isFile()) return [[path, { kind: 'other' }]];
  const size = Number(stat.size);
  const mtimeNs = String(stat.mtimeNs);
  if (size >= LARGE)
    return [[path, { kind: 'large', size, mtimeNs, ...ownership }], ...readBlocks(file, path)];
  if (stat.nlink > 1n) noteLink(inodes, String(stat.ino), path);
  const sha256 = sha256Of(readFileSync(file));
  return [[path, { kind: 'file', sha256, size, mtimeNs, ...ownership, ...carried }]];
}

function noteLink(inodes: Map<string, string[]>, inode: string, path: string): void {
  inodes.set(inode, [...(inodes.get(inode) ?? []), path]);
}

/** Everything below `root`, which itself is left out. Nothing may change it meanwhile. */
export function readTree(root: string): Tree {
  const inodes = new Map<string, string[]>();
  const tree = new Map(readdirSync(root).flatMap((name) => readEntry(root, name, inodes)));
  for (const paths of inodes.values()) markLinked(tree, paths.toSorted());
  return tree;
}

function markLinked(tree: Map<string, Value>, paths: readonly string[]): void {
  const [linkedWith] = paths;
  if (linkedWith === undefined || paths.length < 2) return;
  for (const path of paths) {
    const value = tree.get(path);
    if (value?.kind !== 'file') continue;
    tree.set(path, { ...value, carried: { special: 0, ...value.carried, linkedWith } });
  }
}
