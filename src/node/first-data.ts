/** `data/` of a volume that nobody wrote yet: an empty directory, or one that a person put there (handoff rule 35). */
import { chmod, lstat, mkdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { makeDirectoryDurably, syncDirectory } from '../runtime/durable-file.ts';
import type { NodeContext } from './context.ts';
import { isMissing, NodeError } from './errors.ts';
import { exists } from './exists.ts';

type Context = Pick<NodeContext, 'node' | 'store' | 'log'>;

/** By the volume's first writer alone; to be repeated after a crash. The caller has seen that the volume is new. */
export async function makeFirstData(
  ctx: Context,
  folderId: string,
  importFrom: string | undefined,
): Promise<void> {
  if (importFrom === undefined) return makeEmpty(ctx, folderId);
  await requireImport(ctx, folderId, importFrom);
  await takeIn(ctx, folderId, importFrom);
}

/** Mode 0777: pods run as any user, and fsGroup narrows it where it is set. A crash leaves no `data/` of another mode. */
async function makeEmpty({ store }: Context, folderId: string): Promise<void> {
  const { data, directory, syncRoot } = store.layout.volume(folderId);
  await makeDirectory(syncRoot);
  if (await exists(data)) return;
  const made = path.join(directory, 'data.new');
  if (!(await exists(made))) await mkdir(made);
  await chmod(made, 0o777);
  await rename(made, data);
  await syncDirectory(syncRoot);
}

/** Not recursive: the deleter may take the volume's directory away meanwhile, and another would be an orphan. */
async function makeDirectory(directory: string): Promise<void> {
  if (await exists(directory)) return;
  await mkdir(directory);
  await syncDirectory(path.dirname(directory));
}

/**
 * To be asked before a session begins: one without its directory would hand off an empty volume. Rejects where it is
 * neither waiting nor taken in already.
 */
export async function requireImport(
  { node, store }: Context,
  folderId: string,
  importFrom: string,
): Promise<void> {
  if (await exists(store.layout.volume(folderId).data)) return;
  const from = store.layout.importOf(importFrom);
  const found = await statOf(from);
  if (found === undefined)
    throw new NodeError('inconsistent', `${from} is missing on ${node}: move the directory there`);
  if (!found.isDirectory()) throw new NodeError('inconsistent', `${from} on ${node} is no directory`);
}

async function statOf(file: string) {
  try {
    return await lstat(file);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function takeIn(ctx: Context, folderId: string, importFrom: string): Promise<void> {
  const { layout } = ctx.store;
  const { data, syncRoot } = layout.volume(folderId);
  if (await exists(data)) return;
  const from = layout.importOf(importFrom);
  await setAside(from, layout.archiveOfImport(folderId));
  await makeDirectory(syncRoot);
  try {
    await rename(from, data);
  } catch (cause) {
    const remedy = `is it a mount of its own? Move its content to a directory of the disk of ${layout.hostDataDir}`;
    throw new NodeError('io', `cannot take in ${from} on ${ctx.node}: ${remedy}`, { cause });
  }
  await syncDirectory(syncRoot);
  await syncDirectory(layout.imports);
  ctx.log.info({ folderId, from }, 'a directory was taken in');
}

/** What a Syncthing keeps in the root of its folder, and what would be files of the volume here. */
const OF_SYNCTHING = ['.stfolder', '.stversions', '.stignore'];

/** Of a folder that another Syncthing had, which its marker tells; kept, since older versions may be wanted. */
async function setAside(from: string, archive: string): Promise<void> {
  const hasBegun = await exists(archive);
  if (!hasBegun && !(await exists(path.join(from, '.stfolder')))) return;
  await makeDirectoryDurably(archive);
  for (const name of OF_SYNCTHING) {
    if ((await statOf(path.join(from, name))) === undefined) continue;
    await rename(path.join(from, name), path.join(archive, name));
  }
  await syncDirectory(archive);
  await syncDirectory(from);
}
