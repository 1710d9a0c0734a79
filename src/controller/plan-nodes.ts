/** What each SyncthingNode is told: every other node's device, whom to fence, what to bury. */
import type { Device, SyncthingNode, SyncthingNodeSpec } from '../desired/node.ts';
import { needsFence } from '../handoff/failover.ts';
import type { VolumeView } from '../handoff/view.ts';

type Tombstone = SyncthingNodeSpec['tombstones'][number];

function deviceOf(node: SyncthingNode): Device | undefined {
  const { status } = node;
  if (status === undefined || status.deviceId === '') return undefined;
  return { node: node.name, deviceId: status.deviceId, addresses: status.addresses };
}

/** Nodes that some volume wants shut out of all others (handoff rule 26). */
export function fencedNodes(nodes: Iterable<SyncthingNode>, views: readonly VolumeView[]): readonly string[] {
  return [...nodes]
    .map((node) => node.name)
    .filter((node) => views.some((view) => needsFence(view, node)))
    .sort();
}

function leftTombstones(node: SyncthingNode, added: readonly Tombstone[]): readonly Tombstone[] {
  const done = node.status?.tombstonesDone ?? [];
  const kept = node.spec.tombstones.filter((tombstone) => !done.includes(tombstone.folderId));
  const fresh = added.filter((tombstone) => !kept.some((old) => old.folderId === tombstone.folderId));
  return [...kept, ...fresh];
}

/** The spec of one node's resource; a node is never told to fence itself. */
export function nodeOrder(
  node: SyncthingNode,
  nodes: readonly SyncthingNode[],
  fenced: readonly string[],
  tombstones: readonly Tombstone[],
): SyncthingNodeSpec {
  const devices = nodes.filter((other) => other.name !== node.name).flatMap((other) => deviceOf(other) ?? []);
  return {
    fenced: fenced.filter((name) => name !== node.name),
    devices: devices.sort((a, b) => (a.node < b.node ? -1 : 1)),
    tombstones: leftTombstones(node, tombstones),
  };
}
