/** Which conflict copies a volume has: one look at the start, then by what Syncthing tells (handoff rule 37). */
import { lstat } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { isConflictName } from '../desired/shared-status.ts';
import type { NodeContext } from './context.ts';
import { isMissing, NodeError } from './errors.ts';

type Context = Pick<NodeContext, 'store' | 'volumes' | 'wake'>;

/** In Syncthing's root, where its names begin. */
const DATA = 'data/';
/** A cold disk with millions of files. */
const TIMEOUT_MS = 30 * 60_000;
/** A volume with more of them has another trouble than their names. */
const MAX_KEPT = 100_000;

/** Looks through the files once; what Syncthing tells while that lasts is added to what it finds. */
export async function findConflictCopies(ctx: Context, folderId: string, signal: AbortSignal): Promise<void> {
  const { data } = ctx.store.layout.volume(folderId);
  const found = await find(data, signal);
  const record = ctx.volumes.record(folderId);
  const left: string[] = [];
  // One may have been deleted meanwhile, which nobody tells again.
  for (const file of new Set([...(record.conflicts ?? []), ...found]))
    if (left.length < MAX_KEPT && (await isThere(path.join(data, file)))) left.push(file);
  record.conflicts = new Set(left);
  ctx.wake.volume(folderId);
}

/**
 * Begins the look where none was made since the driver started, or since Syncthing's events had a gap. It is in
 * nobody's way: a failure is logged, and the next look at the volume tries again.
 */
export function seekConflictCopies(
  ctx: Context & Pick<NodeContext, 'log'>,
  folderId: string,
  signal: AbortSignal,
): void {
  const record = ctx.volumes.record(folderId);
  if (record.order?.spec.access !== 'eventual' || record.conflictsSought === true) return;
  record.conflictsSought = true;
  void findConflictCopies(ctx, folderId, signal).catch((error: unknown) => {
    record.conflictsSought = false;
    if (!signal.aborted) ctx.log.warn({ error, folderId }, 'conflict copies could not be looked for');
  });
}

async function find(data: string, signal: AbortSignal): Promise<readonly string[]> {
  if (!(await isThere(data))) return [];
  const result = await execa(
    'find',
    [data, '-type', 'f', '-name', '*.sync-conflict-*', '-printf', String.raw`%P\0`],
    { stdin: 'ignore', cancelSignal: signal, timeout: TIMEOUT_MS, reject: false },
  );
  signal.throwIfAborted();
  if (result.failed)
    throw new NodeError('io', `cannot look for conflict copies in ${data}: ${result.stderr}`);
  return result.stdout.split('\0').filter(isConflictName);
}

/** Names in Syncthing's root that its index took anew: made here, come from elsewhere, or gone. */
export async function noteChangedNames(
  ctx: Context,
  folderId: string,
  names: readonly string[],
): Promise<void> {
  const record = ctx.volumes.record(folderId);
  const copies = names.filter((name) => name.startsWith(DATA) && isConflictName(name));
  if (copies.length === 0 || record.order?.spec.access !== 'eventual') return;
  const { syncRoot } = ctx.store.layout.volume(folderId);
  // Also before the look: it may have passed by already.
  const known = new Set(record.conflicts);
  for (const name of copies) {
    const file = name.slice(DATA.length);
    if (await isThere(path.join(syncRoot, name))) known.add(file);
    else known.delete(file);
  }
  record.conflicts = known;
  ctx.wake.volume(folderId);
}

async function isThere(file: string): Promise<boolean> {
  try {
    await lstat(file);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}
