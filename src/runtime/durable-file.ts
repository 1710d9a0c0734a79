/** Files that must be whole and on the disk when the call returns, whatever happens to the machine. */
import { link, mkdir, open, readFile, rename, unlink } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import path from 'node:path';

/** Text of a file; undefined where there is none. */
export async function readIfPresent(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Replaces the file; a crash leaves the old or the new one. The directory has to exist, and `temporary` to be on the
 * same file system.
 */
export async function writeDurably(
  file: string,
  content: string | Uint8Array,
  temporary = `${file}.new`,
): Promise<void> {
  await writeSynced(temporary, content);
  await rename(temporary, file);
  await syncDirectory(path.dirname(file));
}

/** Makes the file unless there is one; says whether it did. Of two that try at once, one wins. */
export async function createDurably(file: string, text: string): Promise<boolean> {
  const temporary = `${file}.new-${randomUUID()}`;
  await writeSynced(temporary, text);
  try {
    await link(temporary, file);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    await unlink(temporary);
    await syncDirectory(path.dirname(file));
  }
}

/** Makes the directory and whatever is missing above it, each entry on the disk. */
export async function makeDirectoryDurably(directory: string, mode = 0o700): Promise<void> {
  const first = await mkdir(directory, { recursive: true, mode });
  if (first === undefined) return;
  for (let made = directory; made.length >= first.length; made = path.dirname(made)) {
    await syncDirectory(path.dirname(made));
  }
}

/** A rename or a new entry is on the disk only once its directory was synced (fsync(2)). */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function writeSynced(file: string, content: string | Uint8Array): Promise<void> {
  const handle = await open(file, 'w', 0o600);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
