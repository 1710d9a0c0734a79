/** After a failover: copies that may have more of the lost writer than the source has (handoff rule 28). */
import type { SyncthingReplica } from '../desired/replica.ts';
import type { StaleCopy } from '../desired/volume.ts';
import { isTakingBack } from './copy.ts';
import { isAlive, isLeaving, isStale, type VolumeView } from './view.ts';

/** So long the source and a copy that answers get to hear of each other; after that the copy rejoins. */
const HEARING_MS = 30_000;

function sourceOf(view: VolumeView): SyncthingReplica | undefined {
  const [holder] = view.volume.status.base.holders;
  return holder === undefined ? undefined : view.replicas.get(holder.node);
}

/** What the copy was ordered without the lost writer it has carried out, so that nothing more comes to it from there. */
function isCutOff({ status, generation }: SyncthingReplica): boolean {
  return status !== undefined && status.generation >= generation;
}

function sequenceOf({ status }: SyncthingReplica): number {
  return status?.folder?.sequence ?? 0;
}

/** The source has taken in all that the copy has to say. */
function isHeard(source: SyncthingReplica, copy: SyncthingReplica): boolean {
  const { folder } = source.status ?? {};
  const known = folder?.peers.find(({ node }) => node === copy.spec.node)?.knownSequence ?? 0;
  return isCutOff(copy) && folder?.needItems === 0 && known >= sequenceOf(copy);
}

function isToBeHeard(view: VolumeView, source: SyncthingReplica, copy: SyncthingReplica): boolean {
  if (copy.spec.node === source.spec.node || copy.status?.folder === undefined) return false;
  return (
    !copy.status.removed && copy.spec.removal === undefined && !isLeaving(view, copy) && !isStale(view, copy)
  );
}

/** Copies of which the source does not know yet whether they have something that it lacks. */
function unheard(view: VolumeView): readonly SyncthingReplica[] {
  const source = sourceOf(view);
  if (source === undefined) return [];
  return [...view.replicas.values()].filter(
    (copy) => isToBeHeard(view, source, copy) && !(isAlive(view, copy.spec.node) && isHeard(source, copy)),
  );
}

function waitsUntil(view: VolumeView): number {
  const { since } = view.volume.status.base;
  return since === undefined ? 0 : Date.parse(since) + HEARING_MS;
}

/**
 * Milliseconds for which the source may still hear of a copy that answers; undefined where there is none, or no longer.
 */
export function hearingLeftMs(view: VolumeView): number | undefined {
  if (!isTakingBack(view.volume.status.base)) return undefined;
  const left = waitsUntil(view) - view.now;
  return left > 0 && unheard(view).some((copy) => isAlive(view, copy.spec.node)) ? left : undefined;
}

/**
 * A copy that was fenced may have changes of the lost writer that nothing proved and the source has not heard of. Were
 * they to arrive later, they would change files under the next pod. So those that the source could not hear of make way
 * as if they had not been fenced.
 */
export function leftBehind(view: VolumeView): readonly StaleCopy[] {
  const { epoch } = view.volume.status.base;
  return unheard(view).flatMap(({ spec, status }) =>
    status === undefined ? [] : [{ node: spec.node, storeId: status.storeId, epoch }],
  );
}
