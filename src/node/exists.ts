import { stat } from 'node:fs/promises';
import { isMissing } from './errors.ts';

/** Rejects where it cannot be known, as on a disk that fails. */
export async function exists(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** Those of them that are there. */
export async function existing(files: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const file of files) if (await exists(file)) found.push(file);
  return found;
}
