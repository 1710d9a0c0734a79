/** What a scrub may do to a copy, and what is done with what it finds (docs/handoff.md, rules 41 to 43). */
import type { ScrubFinding } from '../desired/scrub.ts';
import type { FolderReport, SyncthingReplicaSpec } from '../desired/replica.ts';
import type { DiskScan, DiskState } from './disk-state.ts';
import { isClean } from './copy.ts';
import { hasOtherSource } from './other-source.ts';

export interface ScrubView {
  readonly state: DiskState;
  readonly order: SyncthingReplicaSpec;
  readonly folder: FolderReport | undefined;
  /** A CSI call asks for the volume here. */
  readonly isWanted: boolean;
}

/** Why this copy cannot be scrubbed now, for people; undefined where it can. */
export function scrubObstacle({ state, order, folder, isWanted }: ScrubView): string | undefined {
  if (order.removal !== undefined) return 'the copy is being removed';
  if (state.phase.kind === 'rejoining' || isToRejoin(state, order)) return 'the copy rejoins another lineage';
  if (isWanted) return 'a pod is about to use it';
  if (state.announcing === true) return 'its directories are being announced';
  if (folder === undefined) return 'its Syncthing does not have the folder';
  if (folder.type === 'sendreceive') return folder.state === 'error' ? 'its folder is in error' : undefined;
  return uncleanObstacle(folder);
}

/** Without numbers: what changes all the time would be written down all the time. */
function uncleanObstacle(folder: FolderReport): string | undefined {
  const isUsable: boolean = isClean(folder);
  if (isUsable) return undefined;
  if (folder.errors > 0) return 'some of its files are in error';
  if (!folder.scanned) return 'its first scan since Syncthing started is not finished';
  if (folder.needItems > 0) return 'items are still to come';
  return folder.receiveOnlyItems > 0 ? 'items were changed outside the volume' : 'its Syncthing is at work';
}

function isToRejoin(state: DiskState, { rejoin }: SyncthingReplicaSpec): boolean {
  return rejoin !== undefined && (state.rejoined?.epoch ?? 0) < rejoin.epoch;
}

/**
 * A pod of this node may have written the file in a way that Syncthing did not see: through mmap into a page that was
 * dirty already, or with its old size and time put back. Then the bytes here are the newer ones, and no rot.
 */
function mayBeWritten({ phase, writing }: DiskState, finding: ScrubFinding, ownId: string): boolean {
  if (writing !== undefined) {
    if (writing.phase === 'writing') return true;
    return writing.scan !== undefined && isBefore(finding, writing.scan, ownId);
  }
  if (phase.kind === 'replica') return false;
  if (phase.kind !== 'released') return true;
  return isBefore(finding, phase.scan, ownId);
}

/** This node's, or here already when its last session ended. */
function isBefore({ modifiedBy, changedAt }: ScrubFinding, scan: DiskScan, ownId: string): boolean {
  return modifiedBy === ownId || Date.parse(changedAt) <= Date.parse(scan.startedAt);
}

export type FindingVerdict =
  /** Fetched again from another copy. */
  | { readonly kind: 'repair' }
  /** Left as it is, and told. */
  | { readonly kind: 'report'; readonly reason: string };

export interface FindingView extends Pick<ScrubView, 'state' | 'order' | 'folder'> {
  readonly finding: ScrubFinding;
  /** Syncthing's short id of this device. */
  readonly ownId: string;
}

/** Handoff rule 42: repaired only where it cannot be a write, and where another copy has what was proven. */
export function verdictOnFinding({ state, order, folder, finding, ownId }: FindingView): FindingVerdict {
  if (finding.kind === 'unreadable')
    return { kind: 'report', reason: `${finding.reason}: look at the disk, its log says more` };
  if (folder?.type !== 'receiveonly' || mayBeWritten(state, finding, ownId))
    return {
      kind: 'report',
      reason:
        'a pod of this node may have written it unseen, through mmap for example, so it is left as it is',
    };
  if (!hasOtherSource(order, folder))
    return { kind: 'report', reason: 'no other copy that is proven is connected to repair it from' };
  return { kind: 'repair' };
}
