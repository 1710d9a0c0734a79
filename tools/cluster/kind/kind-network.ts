import { z } from 'zod';
import { runCommand } from '../../host/run-command.ts';
import { CONTROL_PLANE, HOST, nodeMachines } from '../address-plan.ts';
import type { ClusterPaths } from '../cluster-paths.ts';
import { ClusterError } from '../errors.ts';
import { kubectl } from '../kubectl.ts';
import { type CutPair, type Partition, cutPairs } from '../partition-plan.ts';
import { CUT_CHAIN_SCRIPT, containerOf, cutRules, machineOf } from './kind-plan.ts';

const nodeList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      spec: z.object({ podCIDR: z.string().optional() }),
      status: z.object({ addresses: z.array(z.object({ type: z.string(), address: z.string() })) }),
    }),
  ),
});

export type KindNetwork = {
  readonly paths: ClusterPaths;
  readonly nodes: number;
  readonly signal: AbortSignal;
};

/** Where packets of each machine come from, by the machine's name. */
async function machineAddresses(network: KindNetwork): Promise<ReadonlyMap<string, readonly string[]>> {
  const json = await kubectl(network.paths, ['get', 'nodes', '-o', 'json'], network.signal);
  const { items } = nodeList.parse(JSON.parse(json));
  return new Map(
    items.map(({ metadata, spec, status }) => {
      const own = status.addresses.filter(({ type }) => type === 'InternalIP').map(({ address }) => address);
      return [
        machineOf(metadata.name),
        [...own, ...(spec.podCIDR === undefined ? [] : [spec.podCIDR])],
      ] as const;
    }),
  );
}

function existing(pairs: readonly CutPair[], nodes: number): readonly CutPair[] {
  const names = [CONTROL_PLANE, ...nodeMachines(nodes).map((node) => node.name)];
  return pairs.filter(({ from, to }) => names.includes(from) && names.includes(to));
}

async function inContainer(machine: string, words: readonly string[], signal: AbortSignal): Promise<void> {
  await runCommand(['docker', 'exec', containerOf(machine), ...words], { signal });
}

function refuseHost(peer: string | undefined): void {
  if (peer === HOST)
    throw new ClusterError(
      'bad-option',
      'with kind, FROM=host cannot be cut off; name a node or control-plane',
    );
}

/** Drops packets silently at the receiving machine. */
export async function partitionKind(wanted: Partition, network: KindNetwork): Promise<void> {
  refuseHost(wanted.peer);
  const addresses = await machineAddresses(network);
  for (const pair of existing(cutPairs(wanted), network.nodes)) {
    await inContainer(pair.to, ['sh', '-c', CUT_CHAIN_SCRIPT], network.signal);
    for (const rule of cutRules(pair, addresses))
      await inContainer(pair.to, ['iptables', '-A', ...rule], network.signal);
  }
}

async function removeRule(machine: string, rule: readonly string[], signal: AbortSignal): Promise<void> {
  try {
    // The same rule may be there several times.
    for (;;) await inContainer(machine, ['iptables', '-D', ...rule], signal);
  } catch {
    signal.throwIfAborted();
  }
}

/** Takes back what was cut between the machine and the peer, or anybody. */
export async function healKind(
  machine: string,
  peer: string | undefined,
  network: KindNetwork,
): Promise<void> {
  refuseHost(peer);
  const addresses = await machineAddresses(network);
  for (const pair of existing(cutPairs({ machine, peer, way: 'both' }), network.nodes))
    for (const rule of cutRules(pair, addresses)) await removeRule(pair.to, rule, network.signal);
}
