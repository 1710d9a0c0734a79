import { mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { PassReport } from '../desired/node-view.ts';
import { changed } from '../runtime/apply-actions.ts';
import { localSyncthing } from '../runtime/local-syncthing.ts';
import type { Pass } from '../runtime/helper-pass.ts';
import { takeOutFolder } from '../syncthing/take-out-folder.ts';
import type { DeleterAction } from './plan.ts';
import { purge } from './purge.ts';

export async function applyDeleter(pass: Pass, action: DeleterAction): Promise<PassReport> {
  switch (action.kind) {
    case 'discard':
      if (action.takeOut) await takeOut(pass, action.folderId);
      if (action.move !== undefined) await move(action.move);
      return changed(1);
    case 'park':
      await park(pass, action.folderId);
      return changed(1);
    case 'take-out':
      await takeOut(pass, action.folderId);
      return changed(1);
    case 'purge':
      return purge(action.path, action.item, pass.budget);
  }
}

/** Nothing is sent or received any more; whom it was shared with stays on its list, until an order says otherwise. */
async function park({ view, signal }: Pick<Pass, 'view' | 'signal'>, folderId: string): Promise<void> {
  using syncthing = await localSyncthing(view);
  const folder = await syncthing.client.folder(folderId, { signal });
  if (folder !== undefined) await syncthing.client.putFolders([{ ...folder, paused: true }], { signal });
}

/** When it returns, Syncthing does not touch the folder's files any more, and their marker is gone. */
async function takeOut({ view, signal }: Pick<Pass, 'view' | 'signal'>, folderId: string): Promise<void> {
  using syncthing = await localSyncthing(view);
  await takeOutFolder(syncthing.client, folderId, { signal });
}

/** Both directories are synced: after a power cut the volume is at one place or the other. */
async function move({ from, to }: { readonly from: string; readonly to: string }): Promise<void> {
  const target = dirname(to);
  await mkdir(target, { recursive: true, mode: 0o700 });
  await rename(from, to);
  for (const directory of [target, dirname(from)]) await syncDirectory(directory);
}

async function syncDirectory(directory: string): Promise<void> {
  await using handle = await open(directory);
  await handle.sync();
}
