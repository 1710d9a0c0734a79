import { stat } from 'node:fs/promises';
import { MountError } from './errors.ts';
import type { CommandOptions } from './run-command.ts';
import { runCommand } from './run-command.ts';

/**
 * Syncfs of the filesystems that hold the paths, each once (handoff rule 20: neither the data nor Syncthing's database
 * is on disk before). Node has no syncfs; sync(1) of coreutils does.
 */
export async function syncFilesystems(paths: readonly string[], options: CommandOptions): Promise<void> {
  const byDevice = new Map<number, string>();
  for (const path of paths) {
    const { dev } = await statOf(path);
    if (!byDevice.has(dev)) byDevice.set(dev, path);
  }
  if (byDevice.size === 0) return;
  await runCommand(['sync', '--file-system', '--', ...byDevice.values()], options);
}

async function statOf(path: string): Promise<{ readonly dev: number }> {
  try {
    return await stat(path);
  } catch (error) {
    throw MountError.from(error, `sync ${path}`);
  }
}
