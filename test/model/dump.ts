/** A world in a few lines, for whoever looks at a counterexample. */
import { needsOf, sharedWith, typeOf } from './global-entry.ts';
import type { ModelNode } from './model-node.ts';
import type { World } from './world.ts';

function nodeLines(world: World, node: ModelNode): readonly string[] {
  const { disk, name } = node;
  const files = [...(disk.tree ?? [])].map(([file, { content }]) => `${file}=${content}`);
  const index = [...(disk.database?.local ?? [])].map(
    ([file, { content, isFlagged, version, sequence }]) =>
      `${file}=${content}${isFlagged ? '!' : ''}@${sequence}${JSON.stringify(version)}`,
  );
  const remote = [...(disk.database?.remote ?? [])].map(
    ([device, { sequence, entries }]) =>
      `${device}:${sequence}(${[...entries].map(([f, e]) => `${f}=${e.content}${e.isFlagged ? '!' : ''}`)})`,
  );
  const status = world.api.replicas.get(name)?.status;
  const folder = status?.folder;
  return [
    `${name} ${disk.storeId} on=${node.isOn} api=${node.hasApi} driver=${node.driver !== undefined} daemon=${node.daemon.isOn} staging=${node.staging} pods=${JSON.stringify([...node.pods].map(([pod, { phase, mount }]) => [pod, phase, mount?.epoch]))}`,
    `  state ${JSON.stringify(disk.state?.phase)} high=${disk.state?.highestEpoch} files ${files.join(' ')} archives ${disk.archives.size}`,
    `  index ${typeOf(disk)} seq=${disk.database?.sequence} ${index.join(' ')} needs ${needsOf(disk).join()}`,
    `  shares ${sharedWith(disk).join()} knows ${remote.join(' ')} paused ${disk.config.devices
      .filter((d) => d.paused)
      .map((d) => d.deviceID)
      .join()}`,
    `  report seq=${folder?.sequence} need=${folder?.needItems} ro=${folder?.receiveOnlyItems} ${folder?.state} writer=${JSON.stringify(status?.writer)} fenced=${world.api.nodes.get(name)?.status?.fenced.join()} peers ${JSON.stringify(folder?.peers.map((p) => [p.node, p.connected, p.knownSequence, p.remoteNeedEmpty]))}`,
    `  order gen=${world.api.replicas.get(name)?.generation} applied=${status?.generation} ${world.api.replicas.get(name)?.spec.type} peers=${world.api.replicas
      .get(name)
      ?.spec.peers.map((p) => p.node)
      .join()} rejoin=${JSON.stringify(world.api.replicas.get(name)?.spec.rejoin)} job=${node.driver?.job?.action.kind}`,
  ];
}

export function dump(world: World): string {
  const status = world.api.volume?.status;
  const { epoch, grant, base, proven, stale, leaving } = status ?? {};
  return [
    `volume ${JSON.stringify({ epoch, grant, base, proven, stale, leaving })}`,
    `acknowledged ${JSON.stringify([...world.ledger.acknowledged.files])} lost ${[...world.ledger.lostEpochs].join()} cuts ${[...world.cuts].join()}`,
    ...world.nodes.flatMap((node) => nodeLines(world, node)),
  ].join('\n');
}
