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
