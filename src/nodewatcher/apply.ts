import { mkdir } from 'node:fs/promises';
import type { PassReport } from '../desired/node-view.ts';
import { changed } from '../runtime/apply-actions.ts';
import type { NodewatcherAction } from './plan.ts';

/** Private: what pods see is mounted from within, and people who look at it are root. */
export async function applyNodewatcher({ path }: NodewatcherAction): Promise<PassReport> {
  await mkdir(path, { mode: 0o700 });
  return changed(1);
}
