/** An index that a peer does not know as it is, though it believes to (handoff rule 16). */
import { isClean } from '../handoff/copy.ts';
import { hasCurrentStore, isAlive, type VolumeView } from '../handoff/view.ts';
import type { PeerReport, SyncthingReplica } from './replica.ts';

/** Reports that contradict each other for a moment are only of different moments; an unchanged one is not repeated. */
const LASTING_MS = 30_000;

function peerOf(replica: SyncthingReplica, node: string): PeerReport | undefined {
  return replica.status?.folder?.peers.find((peer) => peer.node === node);
}

function sequenceOf(replica: SyncthingReplica): number {
  return replica.status?.folder?.sequence ?? 0;
}

function isLasting(view: VolumeView, replica: SyncthingReplica): boolean {
  const observedAt = Date.parse(replica.status?.observedAt ?? '');
  return view.now - observedAt > LASTING_MS;
}

function isSettled(view: VolumeView, replica: SyncthingReplica): boolean {
  const isCurrent = isAlive(view, replica.spec.node) && hasCurrentStore(view, replica);
  return isCurrent && isClean(replica.status?.folder) && isLasting(view, replica);
}

/**
 * `source` says that `copy` lacks something, and `copy` says that it knows all of the source's index and lacks nothing:
 * the source's database was rolled back, and counted on to the sequence that it had announced before. Syncthing sends
 * only what is above it, so that this lasts for ever, unless `copy` forgets the index: it unshares the source, and
 * shares again. Not the writer's folder: that restart would cancel its scan, and nothing is proven by what it receives.
 */
export function isOutOfStep(view: VolumeView, copy: SyncthingReplica, source: SyncthingReplica): boolean {
  if (view.volume.status.grant?.node === copy.spec.node) return false;
  if (!isSettled(view, copy) || !isSettled(view, source)) return false;
  const seen = peerOf(source, copy.spec.node);
  const known = peerOf(copy, source.spec.node);
  if (seen === undefined || known === undefined || !seen.connected || !known.connected) return false;
  return !seen.remoteNeedEmpty && known.knownSequence >= sequenceOf(source);
}
