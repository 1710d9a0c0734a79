/** What one copy's report says by itself: whether it is clean, and whether it still is the holder that was proven. */
import type { FolderReport, SyncthingReplica, SyncthingReplicaStatus } from '../desired/replica.ts';
import type { Base, Holder } from '../desired/volume.ts';

/** Nothing needed, nothing under way, nothing in error, nothing changed behind Syncthing's back. */
export function isClean(folder: FolderReport | undefined): folder is FolderReport {
  return (
    folder !== undefined &&
    folder.scanned &&
    folder.state === 'idle' &&
    folder.needItems === 0 &&
    folder.errors === 0 &&
    folder.receiveOnlyItems === 0
  );
}

/** Whether that holder is this very copy, with the disk that it has now. */
export function isHolder(
  { node, storeId }: Pick<Holder, 'node' | 'storeId'>,
  { spec, status }: SyncthingReplica,
): boolean {
  return node === spec.node && storeId === status?.storeId;
}

/** A node that names none is of a version that does not yet. */
export function isSameIndex(
  { index: one }: Pick<Holder, 'index'>,
  { index: other }: Pick<Holder, 'index'>,
): boolean {
  return one === undefined || other === undefined || one === other;
}

/**
 * Whether the sequences of a holder go on from the recorded one. A lower one is a database rolled back; another
 * database than the one that was recorded may have counted past it since.
 */
export function countsOn(
  recorded: Pick<Holder, 'sequence' | 'index'>,
  now: Pick<Holder, 'sequence' | 'index'>,
): boolean {
  return isSameIndex(recorded, now) && now.sequence >= recorded.sequence;
}

/**
 * Rule 9's test of a holder: the same store, a sequence that goes on from the recorded one, scanned since its daemon
 * started, no local changes, no errors. A wiped holder fails by its local changes, since Syncthing counts what is
 * missing there.
 */
export function isIntact(holder: Holder, status: SyncthingReplicaStatus | undefined): boolean {
  const folder = status?.folder;
  return (
    status !== undefined &&
    folder !== undefined &&
    status.storeId === holder.storeId &&
    !status.removed &&
    countsOn(holder, folder) &&
    folder.scanned &&
    folder.receiveOnlyItems === 0 &&
    folder.errors === 0
  );
}

/** A scrub is about to change files of it, or has: it is a holder in name only until they are right (handoff rule 42). */
export function isUnderRepair(status: SyncthingReplicaStatus | undefined): boolean {
  return (status?.scrubbed?.running?.repairing ?? 0) > 0;
}

/** Why a copy is not clean, for people; undefined where it is. */
export function uncleanReason(folder: FolderReport | undefined): string | undefined {
  if (folder === undefined) return 'its Syncthing does not have the folder yet';
  const [message] = folder.messages;
  if (folder.errors > 0)
    return `${folder.errors} file(s) in error${message === undefined ? '' : `: ${message}`}`;
  if (!folder.scanned) return 'its first scan since Syncthing started is not finished';
  if (folder.needItems > 0) return `${folder.needItems} item(s), ${folder.needBytes} bytes still to come`;
  if (folder.receiveOnlyItems > 0)
    return `${folder.receiveOnlyItems} item(s) were changed outside the volume`;
  return folder.state === 'idle' ? undefined : `its Syncthing is ${folder.state}`;
}

/** The files that a lost writer deleted and nothing proved are not back yet at the source of the failover (rule 28). */
export function isTakingBack({ kind, session }: Base): boolean {
  return kind === 'failover' && session === 0;
}
