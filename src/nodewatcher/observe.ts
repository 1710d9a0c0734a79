import { constants } from 'node:fs';
import { access, lstat, readFile, statfs } from 'node:fs/promises';
import type { NodeView } from '../desired/node-view.ts';
import { storePaths } from '../desired/volume-paths.ts';
import { messageOf } from '../runtime/apply-actions.ts';
import type { ObservedDirectory, ObservedDisk } from './plan.ts';

/** Writes nothing: a disk that sleeps is not woken for it. Whatever cannot be read shows in what is observed. */
export async function observeDiskFitness(view: Pick<NodeView, 'hostDataDir'>): Promise<ObservedDisk> {
  const { volumes, archive, trash, storeId } = storePaths(view.hostDataDir);
  const unwritable = await whyUnwritable(view.hostDataDir);
  const found = (await ifPossible(() => readFile(storeId, 'utf8')))?.trim();
  return {
    capacity: await capacityOf(view.hostDataDir),
    ...(unwritable !== undefined && { unwritable }),
    ...(found !== undefined && { storeId: found }),
    directories: await Promise.all([volumes, archive, trash].map(directoryAt)),
  };
}

/** For root only a read-only file system, or no directory, is a reason; the kernel says which. */
async function whyUnwritable(directory: string): Promise<string | undefined> {
  try {
    await access(directory, constants.W_OK);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** Free is what anybody may use, without the file system's reserve. */
async function capacityOf(directory: string): Promise<ObservedDisk['capacity']> {
  const found = await ifPossible(() => statfs(directory));
  if (found === undefined) return { totalBytes: 0, freeBytes: 0 };
  return { totalBytes: found.blocks * found.bsize, freeBytes: found.bavail * found.bsize };
}

async function directoryAt(path: string): Promise<ObservedDirectory> {
  const device = (await ifPossible(() => lstat(path)))?.dev;
  return { path, ...(device !== undefined && { device }) };
}

async function ifPossible<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch {
    // What is missing is a finding, and the reason is in `unwritable` where it matters.
    return undefined;
  }
}
