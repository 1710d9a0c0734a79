/** What each SyncthingNode is told: every other node's device, whom to fence, what to bury. */
import type { Device, SyncthingNode, SyncthingNodeSpec } from '../desired/node.ts';
import { needsFence } from '../handoff/failover.ts';
import type { VolumeView } from '../handoff/view.ts';

function deviceOf(node: SyncthingNode): Device | undefined {
  const { status } = node;
  if (status === undefined || status.deviceId === '') return undefined;
  return { node: node.name, deviceId: status.deviceId, addresses: status.addresses };
}

/** Those of whom a volume may want to be rid, also where nobody has a resource for them any more. */
function lostNodes({ volume: { status } }: VolumeView): readonly string[] {
  const { grant, stale } = status;
  return [...(grant === undefined ? [] : [grant]), ...stale].map(({ node }) => node);
}

/** Nodes that some volume wants shut out of the node `on` (handoff rule 26), and those that a person expelled. */
export function fencedNodes(
  on: string,
  nodes: readonly SyncthingNode[],
  views: readonly VolumeView[],
): readonly string[] {
  const expelled = new Set(nodes.filter(({ spec }) => spec.expelled).map(({ name }) => name));
  const names = new Set([...nodes.map(({ name }) => name), ...views.flatMap(lostNodes)]);
  return [...names]
    .filter((name) => name !== on && (expelled.has(name) || views.some((view) => needsFence(view, name, on))))
    .sort();
}

/** New ones are written where a copy is given up (bury-copy.ts). */
function leftTombstones(node: SyncthingNode): SyncthingNodeSpec['tombstones'] {
  const done = node.status?.tombstonesDone ?? [];
  return node.spec.tombstones.filter((tombstone) => !done.includes(tombstone.folderId));
}

/** An expelled node hears of nobody, and nobody of it; the word itself stays for a person to take back. */
function devicesFor(node: SyncthingNode, nodes: readonly SyncthingNode[]): readonly Device[] {
  if (node.spec.expelled) return [];
  const others = nodes.filter(({ name, spec }) => name !== node.name && spec.expelled !== true);
  return others.flatMap((other) => deviceOf(other) ?? []).sort((a, b) => (a.node < b.node ? -1 : 1));
}

/** The spec of one node's resource; a node is never told to fence itself. */
export function nodeOrder(
  node: SyncthingNode,
  nodes: readonly SyncthingNode[],
  views: readonly VolumeView[],
): SyncthingNodeSpec {
  const { expelled } = node.spec;
  return {
    ...(expelled !== undefined && { expelled }),
    fenced: fencedNodes(node.name, nodes, views),
    devices: devicesFor(node, nodes),
    tombstones: leftTombstones(node),
  };
}
