import { copyFile, link, lstat, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { isMissing } from './errors.ts';

export interface SetAsideOptions {
  /** Syncthing's root of the folder. */
  readonly root: string;
  /** Directory that gets what is kept; made where it is missing. */
  readonly archive: string;
  /** Relative to the root, as Syncthing's index has them. */
  readonly names: readonly string[];
}

/**
 * Gives files a second name in the archive before Syncthing puts others in their place: it replaces files and never
 * writes into one. What is not there, and directories, have nothing to keep. Gives how many are kept; the caller makes
 * them durable before anything takes their place.
 */
export async function setAside({ root, archive, names }: SetAsideOptions): Promise<number> {
  let kept = 0;
  for (const name of names) {
    const file = path.join(root, name);
    if (file.startsWith(`${root}/`) && (await keep(file, path.join(archive, name)))) kept += 1;
  }
  return kept;
}

async function keep(from: string, to: string): Promise<boolean> {
  try {
    if ((await lstat(from)).isDirectory()) return false;
    await mkdir(path.dirname(to), { recursive: true, mode: 0o700 });
    await linkOrCopy(from, to);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** A file with as many names as the file system allows gets a copy instead. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EMLINK')) throw error;
    await copyFile(from, to);
  }
}
