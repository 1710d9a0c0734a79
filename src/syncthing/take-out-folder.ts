import type { CallOptions, SyncthingClient } from './client.ts';

/**
 * Takes a folder out of Syncthing's configuration; its files stay, its marker goes. Nothing to do where it is not there.
 *
 * It is paused first, while it is still shared. Syncthing (1.30 and 2.1) keeps what it knows of a folder for as long as
 * a connection lasts, and forgets it only when the folder is paused: the same folder, added again later, would send its
 * index by the deleted one's count of changes, that is to say nothing of what is below it. A device that was taken off
 * the folder's list before is beyond this, so that the resharer pauses before it takes one off.
 */
export async function takeOutFolder(
  client: Pick<SyncthingClient, 'folder' | 'putFolders' | 'deleteFolder'>,
  folderId: string,
  call: CallOptions,
): Promise<void> {
  const folder = await client.folder(folderId, call);
  if (folder === undefined) return;
  if (folder.devices.length > 1 && folder.paused !== true)
    await client.putFolders([{ ...folder, paused: true }], call);
  await client.deleteFolder(folderId, call);
}
