/** Before a mount a tree gets back what Syncthing did not carry (handoff rule 40). */
import { readFile } from 'node:fs/promises';
import type { SyncthingReplicaSpec } from '../desired/replica.ts';
import { withWholeTree, type DiskState } from '../handoff/disk-state.ts';
import { applyEntries } from '../metadata/apply.ts';
import type { Entry } from '../metadata/entry.ts';
import { MetadataError } from '../metadata/errors.ts';
import { parseManifest } from '../metadata/manifest.ts';
import { readablePath } from '../metadata/readable-path.ts';
import type { NodeContext } from './context.ts';
import { isMissing } from './errors.ts';
import { exists } from './exists.ts';

/**
 * Whether the copy's manifest speaks of the very tree that a new epoch starts from. After a failover it does not: the
 * lost writer may have taken a setuid bit away, or have made two files of one, and nobody would know.
 */
export async function inheritsMetadata(
  ctx: NodeContext,
  { folderId, base }: SyncthingReplicaSpec,
): Promise<boolean> {
  return base.kind === 'handoff' && (await exists(ctx.store.layout.volume(folderId).manifest));
}

/**
 * The caller holds the volume's mutex and nothing is mounted. Does nothing unless state.json says that the tree is
 * plain. What cannot be put back is logged and does not keep the volume from its pod: its files are all there.
 */
export async function putBackMetadata(
  ctx: NodeContext,
  state: DiskState,
  signal: AbortSignal,
): Promise<DiskState> {
  if (state.phase.kind !== 'writer' || state.phase.plain !== true) return state;
  const { folderId } = state;
  const { data, scratch, manifest } = ctx.store.layout.volume(folderId);
  const entries = await readEntries(ctx, folderId, manifest);
  const { steps, skipped } = await applyEntries(entries, { root: data, scratch: `${scratch}.name`, signal });
  ctx.log.debug({ folderId, entries: entries.length, steps }, 'metadata was put back');
  if (skipped.length > 0) {
    const paths = skipped.slice(0, 10).map(readablePath);
    ctx.log.warn({ folderId, count: skipped.length, paths }, 'metadata could not be put back everywhere');
  }
  // The word that the tree is whole must not be on the disk before the tree is, whoever made it whole.
  if (entries.length > 0) await ctx.syncFilesystems([data], signal);
  const whole = withWholeTree(state);
  await ctx.states.write(whole);
  return whole;
}

async function readEntries(ctx: NodeContext, folderId: string, manifest: string): Promise<readonly Entry[]> {
  try {
    return parseManifest(await readFile(manifest));
  } catch (error) {
    if (!isMissing(error) && !(error instanceof MetadataError)) throw error;
    ctx.log.warn({ error, folderId, manifest }, 'the manifest of metadata cannot be read: none is put back');
    return [];
  }
}
