/** After a failover: files come back that the lost writer deleted and nothing had proved (handoff rule 28). */
import { link } from 'node:fs/promises';
import path from 'node:path';
import { tookBack } from '../handoff/disk-state.ts';
import { isUnproven, type Deletion, type ProvenState } from '../handoff/taken-back.ts';
import { bytePath } from '../metadata/byte-path.ts';
import { parentOf } from '../metadata/entry.ts';
import { statIn } from '../metadata/look-in-tree.ts';
import { OpenTree } from '../metadata/open-tree.ts';
import type { FileVersion as IndexEntry } from '../syncthing/client.ts';
import type { NodeContext } from './context.ts';
import { NodeError } from './errors.ts';
import { listTree } from './list-tree.ts';
import { versionOf, type FileVersion } from './version-name.ts';

export interface TakeBackOptions {
  readonly folderId: string;
  /** The lineage that goes on from this copy. */
  readonly epoch: number;
  readonly proven: ProvenState;
}

const SCAN_TIMEOUT_MS = 30 * 60_000;

/**
 * The version stays where it is, under a second name: whoever looks for an older state of the file finds it. No link is
 * followed to where it was: the lost writer's pod may have put one there that leads into another volume.
 */
export async function takeBack(
  ctx: NodeContext,
  { folderId, epoch, proven }: TakeBackOptions,
  signal: AbortSignal,
): Promise<void> {
  const { syncRoot, data } = ctx.store.layout.volume(folderId);
  const versions = path.join(syncRoot, '.stversions');
  const newest = newestVersions((await listTree(versions, signal)).files);
  using tree = new OpenTree(syncRoot);
  let count = 0;
  for (const version of newest) {
    if (!version.name.startsWith('data/') || (await isThere(tree, version.name))) continue;
    const { local } = (await ctx.syncthing.file(folderId, version.name, { signal })) ?? {};
    if (local?.deleted !== true || !isUnproven(deletionOf(local), proven)) continue;
    if (await putBack(ctx, tree, version, versions)) count += 1;
  }
  if (count > 0) {
    await ctx.syncFilesystems([data], signal);
    await ctx.syncthing.scan(folderId, { signal, timeoutMs: SCAN_TIMEOUT_MS });
    ctx.log.warn(
      { folderId, epoch, count },
      'files are back that the lost writer deleted and nothing proved',
    );
  }
  await ctx.mutex.run(folderId, async () => {
    const state = await ctx.states.read(folderId);
    if (state !== undefined) await ctx.states.write(tookBack(state, epoch));
  });
}

/** Each counter of the version vector is `SHORTID:counter`; who deleted it counted last. */
function deletionOf({ sequence, version }: IndexEntry): Deletion {
  const counters = version.map((each) => Number(each.slice(each.lastIndexOf(':') + 1)));
  return { sequence, counter: Math.max(0, ...counters.filter((counter) => Number.isFinite(counter))) };
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

async function isThere(tree: OpenTree, name: string): Promise<boolean> {
  return (await statIn(tree, bytePath(name))) !== undefined;
}

/** One that cannot be put back is named, and keeps nobody from the volume: its bytes stay among the versions. */
async function putBack(
  { log }: NodeContext,
  tree: OpenTree,
  { file, name }: FileVersion,
  versions: string,
): Promise<boolean> {
  try {
    await link(path.join(versions, file), placeFor(tree, bytePath(name)));
    return true;
  } catch (error) {
    log.error({ error, file, name }, 'a deleted file could not be put back; it is in .stversions');
    return false;
  }
}

function placeFor(tree: OpenTree, target: string): Buffer {
  const place = tree.make(parentOf(target)) ? tree.reach(target) : undefined;
  if (place !== undefined) return place;
  throw new NodeError('inconsistent', 'something that is no directory has come in place of one above it');
}
