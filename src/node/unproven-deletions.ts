/** Which kept versions are of files that a lost writer deleted and nothing had proved (handoff rule 28). */
import type { BigIntStats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import path from 'node:path';
import { isUnproven, type Deletion, type ProvenState } from '../handoff/taken-back.ts';
import { bytePath } from '../metadata/byte-path.ts';
import { statIn } from '../metadata/look-in-tree.ts';
import type { OpenTree } from '../metadata/open-tree.ts';
import type { FileVersion as IndexEntry } from '../syncthing/client.ts';
import type { NodeContext } from './context.ts';
import { listTree } from './list-tree.ts';
import { versionOf, type FileVersion } from './version-name.ts';

export interface UnprovenDeletion {
  readonly version: FileVersion;
  /** Put back already, before a crash: only Syncthing does not know of it yet. */
  readonly isBack: boolean;
}

export interface SearchOptions {
  readonly folderId: string;
  readonly proven: ProvenState;
  /** Of Syncthing's root. */
  readonly tree: OpenTree;
  /** Where Syncthing keeps versions. */
  readonly versions: string;
}

/** By the index: once a scan has found the file that is back, its deletion is none any more. */
export async function unprovenDeletions(
  { syncthing }: Pick<NodeContext, 'syncthing'>,
  { folderId, proven, tree, versions }: SearchOptions,
  signal: AbortSignal,
): Promise<readonly UnprovenDeletion[]> {
  const found: UnprovenDeletion[] = [];
  for (const version of newestVersions((await listTree(versions, signal)).files)) {
    if (!version.name.startsWith('data/')) continue;
    const there = await statIn(tree, bytePath(version.name));
    // What was put back is the version itself, under a second name; anything else came there in another way.
    if (there !== undefined && !(await isSameFile(path.join(versions, version.file), there))) continue;
    const { local } = (await syncthing.file(folderId, version.name, { signal })) ?? {};
    if (local?.deleted !== true || !isUnproven(deletionOf(local), proven)) continue;
    found.push({ version, isBack: there !== undefined });
  }
  return found;
}

async function isSameFile(file: string, { dev, ino }: BigIntStats): Promise<boolean> {
  const stats = await lstat(file, { bigint: true });
  return stats.dev === dev && stats.ino === ino;
}

/**
 * Syncthing gives a deletion the time at which it found it, by the clock of who did (FileInfo.SetDeleted). The version
 * vector would not do: it has other clocks beside, and counts on past the clock where a file changes more than once in
 * a second.
 */
function deletionOf({ sequence, modified }: IndexEntry): Deletion {
  return { sequence, second: Math.floor(Date.parse(modified) / 1000) };
}

/** Of each name the version that was kept last. */
function newestVersions(files: readonly string[]): readonly FileVersion[] {
  const newest = new Map<string, FileVersion>();
  for (const file of files) {
    const version = versionOf(file);
    const other = version === undefined ? undefined : newest.get(version.name);
    if (version !== undefined && (other === undefined || other.stamp < version.stamp))
      newest.set(version.name, version);
  }
  return [...newest.values()];
}
