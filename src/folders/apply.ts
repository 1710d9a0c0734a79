import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { PassFailure, PassReport } from '../desired/node-view.ts';
import { changed, messageOf } from '../runtime/apply-actions.ts';
import { MARKER_ALONE, type CallOptions, type SyncthingClient } from '../syncthing/client.ts';
import { SyncthingError } from '../syncthing/errors.ts';
import { takeOutFolder } from '../syncthing/take-out-folder.ts';
import type { ReplicaFolder, ResharerAction } from './plan.ts';

export function replicasOf(action: ResharerAction): readonly string[] {
  return action.kind === 'add' ? action.folders.map(({ replica }) => replica) : [action.replica];
}

/**
 * How long a folder that is to be switched may keep all others waiting while Syncthing is busy with it. A folder that was
 * just put is looked through within that, unless it is large; a large one may take half an hour, which is longer than a
 * pass lives. It fails, alone, and comes last in the next pass (handoff rule 38).
 */
const BUSY_MS = 5_000;

export interface ApplyOptions {
  readonly signal: AbortSignal;
  /** Less than five seconds, where more wait. */
  readonly busyMs?: number;
}

export async function applyResharer(
  client: SyncthingClient,
  action: ResharerAction,
  options: ApplyOptions,
): Promise<PassReport> {
  const { signal } = options;
  switch (action.kind) {
    case 'add':
      return add(client, action.folders, signal);
    case 'put':
      return put(client, action, options);
    case 'take-out':
      await takeOutFolder(client, action.folderId, { signal });
      return changed(1);
  }
}

async function put(
  client: SyncthingClient,
  { replica, folder, pausedFirst, onlyClean }: Extract<ResharerAction, { kind: 'put' }>,
  { signal, busyMs = BUSY_MS }: ApplyOptions,
): Promise<PassReport> {
  const reason = onlyClean === true ? await uncleanReason(client, folder.id, { signal, busyMs }) : undefined;
  if (reason !== undefined) return changed(0, [{ item: replica, reason }]);
  if (pausedFirst !== undefined) await client.putFolders([pausedFirst], { signal });
  await client.putFolders([folder], { signal });
  return changed(1);
}

/** Of a folder that was just put the first scan may still go on: any scan waits for that, also one of nothing. */
async function uncleanReason(
  client: SyncthingClient,
  folderId: string,
  { signal, busyMs }: Required<ApplyOptions>,
): Promise<string | undefined> {
  if (!(await isAtRest(client, folderId, { signal, timeoutMs: busyMs })))
    return 'Syncthing still looks through the folder or fetches files, which has to end before anybody writes';
  const { receiveOnlyTotalItems: items } = await client.folderStatus(folderId, { signal });
  return items === 0
    ? undefined
    : `${items} item(s) count as changed here, which is looked into before anybody writes`;
}

async function isAtRest(client: SyncthingClient, folderId: string, call: CallOptions): Promise<boolean> {
  try {
    await client.scan(folderId, { ...call, sub: MARKER_ALONE });
    return true;
  } catch (error) {
    if (SyncthingError.from(error).kind === 'timeout') return false;
    throw error;
  }
}

/** A folder whose directory cannot be made drops out; the others are added. */
async function add(
  client: SyncthingClient,
  folders: readonly ReplicaFolder[],
  signal: AbortSignal,
): Promise<PassReport> {
  const made = await Promise.all(
    folders.map(async (each) => ({ ...each, failure: await makeDirectories(each) })),
  );
  const ready = made.filter(({ failure }) => failure === undefined).map(({ folder }) => folder);
  if (ready.length > 0) await client.putFolders(ready, { signal });
  const failed = made.flatMap(({ failure }) => (failure === undefined ? [] : [failure]));
  return changed(ready.length, failed);
}

/**
 * The root and its marker before the folder is added: with them missing the daemon starts the folder in error. Never
 * `data/`: an empty one would look like a volume whose files are gone. Its parent is there, it holds `state.json`.
 */
async function makeDirectories({ replica, folder }: ReplicaFolder): Promise<PassFailure | undefined> {
  try {
    await makeDirectory(folder.path);
    await makeDirectory(join(folder.path, '.stfolder'));
    return undefined;
  } catch (error) {
    return { item: replica, reason: messageOf(error) };
  }
}

/** Not recursive: a missing parent is a disk that is not there. */
async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o755 });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}
