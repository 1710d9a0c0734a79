import type { ReplicaPeer, SyncthingReplica } from '../desired/replica.ts';

/**
 * PURE: of whom the report of a copy tells: the peers of its order, and, until that is carried out, those that were told
 * of before. The controller has nobody share with a copy anew that has not unshared it yet (src/desired/peers.ts).
 */
export function observedPeers(
  { spec, status, generation }: SyncthingReplica,
  applied: { readonly generation: number } | undefined,
): readonly ReplicaPeer[] {
  const isCarriedOut = (applied?.generation ?? status?.generation ?? 0) >= generation;
  if (isCarriedOut) return spec.peers;
  const names = new Set(spec.peers.map(({ node }) => node));
  const before = (status?.folder?.peers ?? []).filter(({ node }) => !names.has(node));
  return [...spec.peers, ...before.map(({ node, deviceId }) => ({ node, deviceId }))];
}
