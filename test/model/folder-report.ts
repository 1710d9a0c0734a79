/** What observeFolder would read of one daemon (src/syncthing/observe-folder.ts). */
import type { FolderReport, PeerReport, ReplicaPeer } from '../../src/desired/replica.ts';
import { isLinked } from './exchange.ts';
import { needsOf, remoteNeeds, sharedWith, typeOf } from './global-entry.ts';
import type { ModelNode } from './model-node.ts';
import { count } from './counts.ts';
import type { World } from './world.ts';

export function isBroken({ disk, daemon }: ModelNode): boolean {
  return !disk.hasDirectory || disk.isDoubled || daemon.hasGivenUp;
}

function stateOf(node: ModelNode, needs: number): string {
  if (isBroken(node)) return 'error';
  if (node.daemon.hasToScan) return 'scanning';
  return needs > 0 ? 'syncing' : 'idle';
}

function peerReport(world: World, node: ModelNode, { node: name, deviceId }: ReplicaPeer): PeerReport {
  const { disk } = node;
  const isShared = sharedWith(disk).includes(deviceId);
  const other = world.nodes.find((each) => each.disk.deviceId === deviceId);
  const known = isShared ? disk.database?.remote.get(deviceId) : undefined;
  return {
    node: name,
    deviceId,
    connected: other !== undefined && isLinked(world, node, other),
    knownSequence: known?.sequence ?? 0,
    remoteNeedEmpty: isShared && remoteNeeds(disk, deviceId).length === 0,
  };
}

export function folderReport(
  world: World,
  node: ModelNode,
  peers: readonly ReplicaPeer[],
): FolderReport | undefined {
  const { disk, daemon } = node;
  const type = typeOf(disk);
  if (disk.database === undefined || type === undefined) return undefined;
  const needs = needsOf(disk).length;
  const flagged = [...disk.database.local.values()].filter((entry) => entry.isFlagged).length;
  if (flagged > 0) count(world.counts, 'syncthing: local changes on a receiver');
  return {
    state: stateOf(node, needs),
    type,
    sequence: disk.database.sequence,
    needItems: needs,
    needBytes: needs * 100,
    receiveOnlyItems: type === 'receiveonly' ? flagged : 0,
    errors: isBroken(node) ? 1 : 0,
    messages: isBroken(node) ? ['folder path missing, or no space'] : [],
    scanned: daemon.isScanned,
    index: disk.mark,
    peers: peers.map((peer) => peerReport(world, node, peer)),
  };
}
