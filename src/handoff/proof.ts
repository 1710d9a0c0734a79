/**
 * Proof that X holds what W has (docs/handoff.md, "proof"): never a percentage, always two halves, one seen from each
 * side. Either half alone can rest on a stale cached index of the other; only the pair survives a database reset on
 * one side.
 */
import type { PeerReport, SyncthingReplica, SyncthingReplicaStatus } from '../desired/replica.ts';
import { isClean } from './copy.ts';

function peerReport(status: SyncthingReplicaStatus | undefined, node: string): PeerReport | undefined {
  return status?.folder?.peers.find((peer) => peer.node === node);
}

/** Seen from W: at a sequence not below `sequence`, X lacked nothing of what W has. */
function isNotNeededBy(holder: SyncthingReplica, sequence: number, node: string): boolean {
  const own = holder.status?.folder;
  return (
    own !== undefined && own.sequence >= sequence && peerReport(holder.status, node)?.remoteNeedEmpty === true
  );
}

/** Seen from X: W's index is known up to `sequence`, and nothing of it is missing, under way or in error. */
function hasReceived(copy: SyncthingReplica, sequence: number, node: string): boolean {
  const peer = peerReport(copy.status, node);
  return peer !== undefined && peer.knownSequence >= sequence && isClean(copy.status?.folder);
}

/** Both halves: `copy` holds everything that `holder` had when its own sequence was `sequence`. */
export function isProven(holder: SyncthingReplica, sequence: number, copy: SyncthingReplica): boolean {
  return (
    holder.spec.node !== copy.spec.node &&
    isNotNeededBy(holder, sequence, copy.spec.node) &&
    hasReceived(copy, sequence, holder.spec.node)
  );
}
