/** What each SyncthingNode is told: every other node's device, whom to fence, what to bury. */
import type { Device, SyncthingNode, SyncthingNodeSpec } from '../desired/node.ts';
import { needsFence } from '../handoff/failover.ts';
import { expelledAs, type VolumeView } from '../handoff/view.ts';

function deviceOf({ name, status }: SyncthingNode): readonly Device[] {
  if (status === undefined || status.deviceId === '') return [];
  return [{ node: name, deviceId: status.deviceId, addresses: status.addresses }];
}

/** Those of whom a volume may want to be rid, also where nobody has a resource for them any more. */
function lostNodes({ volume: { status } }: VolumeView): readonly string[] {
  const { grant, stale } = status;
  return [...(grant === undefined ? [] : [grant]), ...stale].map(({ node }) => node);
}

function isOut(nodes: readonly SyncthingNode[], name: string): boolean {
  return expelledAs(nodes, name) !== undefined;
}

/** Nodes that some volume wants shut out of the node `on` (handoff rule 26), and those that a person expelled. */
export function fencedNodes(
  on: string,
  nodes: readonly SyncthingNode[],
  views: readonly VolumeView[],
): readonly string[] {
  const names = new Set([...nodes.map(({ name }) => name), ...views.flatMap(lostNodes)]);
  return [...names]
    .filter((name) => name !== on && (isOut(nodes, name) || views.some((view) => needsFence(view, name, on))))
    .sort();
}

/** New ones are written where a copy is given up (bury-copy.ts). */
function leftTombstones(node: SyncthingNode): SyncthingNodeSpec['tombstones'] {
  const done = node.status?.tombstonesDone ?? [];
  return node.spec.tombstones.filter((tombstone) => !done.includes(tombstone.folderId));
}

/**
 * An expelled node hears of nobody, and nobody of it; the word itself stays for a person to take back. Of a machine that
 * has been renamed the name by which it was heard last comes first, since the other has its former address.
 */
function devicesFor(node: SyncthingNode, nodes: readonly SyncthingNode[]): readonly Device[] {
  if (isOut(nodes, node.name)) return [];
  const others = nodes.filter(({ name }) => name !== node.name && !isOut(nodes, name)).sort(byHeartbeat);
  const devices = others.flatMap(deviceOf);
  const latest = new Map(devices.map((device) => [device.deviceId, device]));
  const isLatest = (device: Device): boolean => latest.get(device.deviceId) === device;
  const [now, before] = [devices.filter(isLatest), devices.filter((device) => !isLatest(device))];
  return [...now.sort(byNode), ...before.sort(byNode)];
}

function byNode(one: Device, other: Device): number {
  return one.node < other.node ? -1 : 1;
}

/** The latest last; names break ties, so that every controller makes the same of it. */
function byHeartbeat(one: SyncthingNode, other: SyncthingNode): number {
  const heartbeatOf = ({ status }: SyncthingNode): number => Date.parse(status?.heartbeat ?? '') || 0;
  return heartbeatOf(one) - heartbeatOf(other) || (one.name < other.name ? -1 : 1);
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
