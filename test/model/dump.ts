/** A world in a few lines, for whoever looks at a counterexample. */
import type { SyncthingReplica } from '../../src/desired/replica.ts';
import type { Disk, Entry } from './disk.ts';
import { needsOf, sharedWith, typeOf } from './global-entry.ts';
import type { ModelNode } from './model-node.ts';
import type { World } from './world.ts';

function entryText([file, { content, isFlagged, version, sequence }]: readonly [string, Entry]): string {
  return `${file}=${content}${isFlagged ? '!' : ''}@${sequence}${JSON.stringify(version)}`;
}

function databaseLines(disk: Disk): readonly string[] {
  const { database } = disk;
  if (database === undefined) return ['  no folder'];
  const own = [...database.local].map(entryText).join(' ');
  const known = [...database.remote].map(
    ([device, { sequence, entries }]) => `${device}:${sequence}(${[...entries].map(entryText).join(' ')})`,
  );
  return [
    `  index ${typeOf(disk)} ${database.indexId}:${database.sequence} ${own} needs ${needsOf(disk).join()}`,
    `  shares ${sharedWith(disk).join()} knows ${known.join(' ')}`,
  ];
}

function orderLines({ generation, spec, status }: SyncthingReplica): readonly string[] {
  const { folder, writer, reader, mounts } = status ?? {};
  const peers = folder?.peers.map((peer) => [
    peer.node,
    peer.connected,
    peer.knownSequence,
    peer.remoteNeedEmpty,
  ]);
  const { type, rejoin, removal, reader: given } = spec;
  return [
    `  report ${JSON.stringify({ ...folder, peers })} writer=${JSON.stringify(writer)} reader=${JSON.stringify(reader)} mounts=${mounts?.join()}`,
    `  order ${generation} applied ${status?.generation} ${type} peers=${spec.peers.map(({ node }) => node).join()} ${JSON.stringify({ rejoin, removal, given })}`,
  ];
}

function nodeLines(world: World, node: ModelNode): readonly string[] {
  const { disk, name, isOn, hasApi, driver, daemon, staging } = node;
  const files = [...(disk.tree ?? [])].map(([file, { content }]) => `${file}=${content}`).join(' ');
  const pods = [...node.pods].map(([pod, { phase, mount }]) => [pod, phase, mount?.reading ?? mount?.epoch]);
  const replica = world.api.replicas.get(name);
  const fenced = world.api.nodes.get(name)?.status?.fenced.join();
  return [
    `${name} ${disk.storeId} ${JSON.stringify({ isOn, hasApi, driver: driver !== undefined, daemon: daemon.isOn, staging, pods, fenced })}`,
    `  state ${JSON.stringify(disk.state?.phase)} ${JSON.stringify(disk.state?.reading)} high=${disk.state?.highestEpoch} files ${files} archives ${disk.archives.size}`,
    ...databaseLines(disk),
    ...(replica === undefined ? ['  no order'] : orderLines(replica)),
  ];
}

export function dump(world: World): string {
  const { api, ledger, cuts, nodes } = world;
  const { epoch, grant, readers, base, proven, stale, leaving } = api.volume?.status ?? {};
  return [
    `volume ${JSON.stringify({ epoch, grant, readers, base, proven, stale, leaving })}`,
    `acknowledged ${JSON.stringify([...ledger.acknowledged.files])} lost ${[...ledger.lostEpochs].join()} cuts ${[...cuts].join()}`,
    ...nodes.flatMap((node) => nodeLines(world, node)),
  ].join('\n');
}
