/** Two copies of which one says that the other lacks something, and the other that it lacks nothing (handoff rule 16). */
import { isClean } from '../handoff/copy.ts';
import { hasCurrentStore, isAlive, type VolumeView } from '../handoff/view.ts';
import type { PeerReport, SyncthingReplica } from './replica.ts';

/** Reports that contradict each other for a moment are only of different moments; an unchanged one is not repeated. */
const LASTING_MS = 30_000;

function peerOf(replica: SyncthingReplica, node: string): PeerReport | undefined {
  return replica.status?.folder?.peers.find((peer) => peer.node === node);
}

function isSettled(view: VolumeView, replica: SyncthingReplica): boolean {
  const isCurrent = isAlive(view, replica.spec.node) && hasCurrentStore(view, replica);
  return isCurrent && isClean(replica.status?.folder);
}

/** Both lack nothing by their own account, and the two are connected; `source` says that `copy` lacks something. */
function contradicts(view: VolumeView, source: SyncthingReplica, copy: SyncthingReplica): boolean {
  if (!isSettled(view, copy) || !isSettled(view, source)) return false;
  const seen = peerOf(source, copy.spec.node);
  const known = peerOf(copy, source.spec.node);
  return seen?.connected === true && known?.connected === true && !seen.remoteNeedEmpty;
}

/** When the later of the reports was made that contradict each other; undefined where they do not. */
function contradictedSince(
  view: VolumeView,
  one: SyncthingReplica,
  other: SyncthingReplica,
): number | undefined {
  if (!contradicts(view, one, other) && !contradicts(view, other, one)) return undefined;
  const observed = [one, other].map(({ status }) => Date.parse(status?.observedAt ?? ''));
  return Math.max(...observed);
}

/**
 * One of the two does not know the other's index as it is, though both believe that all was sent: a database was rolled
 * back and counted on to the sequence that it had announced before, or a part or the whole of an index went nowhere
 * (Syncthing #7134). Syncthing sends only what is above the sequence that it believes to be known, so that this lasts
 * for ever, unless both forget what they have of each other: they unshare, and share again. The writer as well: nothing
 * is scanned meanwhile, and what waits for a proof would wait for ever.
 */
export function isOutOfStep(view: VolumeView, one: SyncthingReplica, other: SyncthingReplica): boolean {
  const since = contradictedSince(view, one, other);
  return since !== undefined && view.now - since > LASTING_MS;
}

/** Milliseconds until a contradiction of now has lasted, since nothing will be reported meanwhile. */
export function stepRecheckMs(view: VolumeView): number | undefined {
  const replicas = [...view.replicas.values()];
  const waits = replicas.flatMap((one, index) =>
    replicas.slice(index + 1).flatMap((other) => {
      const since = contradictedSince(view, one, other);
      const left = since === undefined ? 0 : since + LASTING_MS + 1 - view.now;
      return left > 0 ? [left] : [];
    }),
  );
  return waits.length === 0 ? undefined : Math.min(...waits);
}
