/** What each SyncthingNode is told: every other node's device, whom to fence, what to bury. */
import type { Device, SyncthingNode, SyncthingNodeSpec } from '../desired/node.ts';
import { needsFence } from '../handoff/failover.ts';
import type { VolumeView } from '../handoff/view.ts';

function deviceOf(node: SyncthingNode): Device | undefined {
  const { status } = node;
  if (status === undefined || status.deviceId === '') return undefined;
  return { node: node.name, deviceId: status.deviceId, addresses: status.addresses };
}

/** Nodes that some volume wants shut out of the node `on` (handoff rule 26). */
export function fencedNodes(
  on: string,
  nodes: readonly SyncthingNode[],
  views: readonly VolumeView[],
): readonly string[] {
  return nodes
    .map((node) => node.name)
    .filter((node) => views.some((view) => needsFence(view, node, on)))
    .sort();
}

/** New ones are written where a copy is given up (bury-copy.ts). */
function leftTombstones(node: SyncthingNode): SyncthingNodeSpec['tombstones'] {
  const done = node.status?.tombstonesDone ?? [];
  return node.spec.tombstones.filter((tombstone) => !done.includes(tombstone.folderId));
}

/** The spec of one node's resource; a node is never told to fence itself. */
export function nodeOrder(
  node: SyncthingNode,
  nodes: readonly SyncthingNode[],
  views: readonly VolumeView[],
): SyncthingNodeSpec {
  const devices = nodes.filter((other) => other.name !== node.name).flatMap((other) => deviceOf(other) ?? []);
  return {
    fenced: fencedNodes(node.name, nodes, views),
    devices: devices.sort((a, b) => (a.node < b.node ? -1 : 1)),
    tombstones: leftTombstones(node),
  };
}
