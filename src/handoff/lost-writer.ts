/** Whether a node that has a volume counts as lost, and on whose word (handoff rules 25, 36 and 37). */
import type { Grant, Right } from '../desired/volume.ts';
import { isAlive, isExpelled, storeOn, type VolumeView } from './view.ts';

/**
 * `node`: the taint out-of-service, no Node object, or a node that was expelled: all its volumes are lost there, its
 * device is fenced.
 * `forced`: a person named this grant's epoch in `spec.forceDetach`; the node may well be alive.
 * `silent`: `failover: automatic`, and neither the API server nor the volume's other copies have heard of it for long.
 */
export type Loss = 'node' | 'forced' | 'silent';

/**
 * Only what a person or the cloud said for sure loses a node, by the taint, by deleting the Node object or by expelling
 * it: a node that is merely silent may still write (rule 25).
 */
export function isLost(view: Pick<VolumeView, 'clusterNodes' | 'nodes'>, node: string): boolean {
  return isExpelled(view, node) || (view.clusterNodes.get(node)?.outOfService ?? true);
}

/**
 * The moment at which silence alone loses the node for this volume, milliseconds since the epoch. What a controller did
 * not hear before it began is no silence: everything may have been off together.
 */
function givenUpAt(view: VolumeView, { node }: Pick<Grant | Right, 'node'>): number | undefined {
  if (view.volume.spec.failover !== 'automatic') return undefined;
  const heartbeat = view.nodes.get(node)?.status?.heartbeat;
  if (heartbeat === undefined) return undefined;
  const silentSince = Math.max(Date.parse(heartbeat), view.watchingSince ?? 0);
  return silentSince + Math.max(view.settings.failoverAfterMs, view.settings.heartbeatTimeoutMs);
}

/** A node cut off from the API server alone still reaches its peers, and they it. */
function isSeenByCopies(view: VolumeView, node: string): boolean {
  return [...view.replicas.values()].some(
    ({ spec, status }) =>
      spec.node !== node &&
      isAlive(view, spec.node) &&
      status?.folder?.peers.some((peer) => peer.node === node && peer.connected) === true,
  );
}

/** Undefined: the writer has its grant, or nobody has one. */
export function lossOf(view: VolumeView): Loss | undefined {
  const { spec, status } = view.volume;
  const { grant } = status;
  if (grant === undefined || spec.deletion !== undefined) return undefined;
  if (isLost(view, grant.node)) return 'node';
  if (spec.forceDetach?.epoch === grant.epoch) return 'forced';
  return isSilent(view, grant) ? 'silent' : undefined;
}

function isSilent(view: VolumeView, place: Pick<Grant | Right, 'node'>): boolean {
  const at = givenUpAt(view, place);
  return at !== undefined && view.now >= at && !isSeenByCopies(view, place.node);
}

/** Of a right that excludes no other: no person has to say anything of an epoch, its node's loss is enough. */
export function nodeLoss(view: VolumeView, right: Right): Exclude<Loss, 'forced'> | undefined {
  if (isLost(view, right.node)) return 'node';
  return isSilent(view, right) ? 'silent' : undefined;
}

/** Milliseconds until silence alone may lose somebody who has the volume; undefined where it never does, or has. */
export function lossRecheckAfterMs(view: VolumeView): number | undefined {
  const { grant, readers, writers } = view.volume.status;
  const users = [...(grant === undefined ? [] : [grant]), ...readers, ...writers];
  const moments = users.flatMap((user) => {
    const at = isAlive(view, user.node) ? undefined : givenUpAt(view, user);
    return at === undefined || at <= view.now ? [] : [at - view.now];
  });
  return moments.length === 0 ? undefined : Math.min(...moments);
}

/** By name, or by its disk, with which the device and all that was written come under another name (rule 26). */
export function isWritersDisk(view: VolumeView, node: string): boolean {
  const { grant } = view.volume.status;
  return grant !== undefined && (grant.node === node || storeOn(view, node) === grant.storeId);
}

/** Shut out of this volume alone, by its peers' lists, instead of by a pause of its device (rule 26). */
export function isShutOutByLists(view: VolumeView, node: string): boolean {
  const loss = lossOf(view);
  return loss !== undefined && loss !== 'node' && isWritersDisk(view, node);
}
