/** Reads a whole tree: content as digests, with all that has to arrive with it. */
import { closeSync, openSync, readFileSync, readSync, readdirSync, readlinkSync, lstatSync } from 'node:fs';
import { join } from 'node:path';
import { BLOCK_SIZE, blockOwner, sha256Of } from '../ledger/content.ts';
import { blockPath, TORN, type Tree, type Value } from '../ledger/value.ts';

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

function readEntry(root: string, path: string): Entries {
  const file = join(root, path);
  const stat = lstatSync(file, { bigint: true });
  const ownership = { mode: Number(stat.mode & 0o777n), uid: Number(stat.uid), gid: Number(stat.gid) };
  if (stat.isSymbolicLink()) return [[path, { kind: 'link', target: readlinkSync(file) }]];
  if (stat.isDirectory())
    return [
      [path, { kind: 'directory', ...ownership }],
      ...readdirSync(file).flatMap((name) => readEntry(root, join(path, name))),
    ];
  if (!stat.isFile()) return [[path, { kind: 'other' }]];
  const size = Number(stat.size);
  const mtimeNs = String(stat.mtimeNs);
  if (size >= LARGE)
    return [[path, { kind: 'large', size, mtimeNs, ...ownership }], ...readBlocks(file, path)];
  return [[path, { kind: 'file', sha256: sha256Of(readFileSync(file)), size, mtimeNs, ...ownership }]];
}

/** Everything below `root`, which itself is left out. Nothing may change it meanwhile. */
export function readTree(root: string): Tree {
  return new Map(readdirSync(root).flatMap((name) => readEntry(root, name)));
}
