import { CONTROL_PLANE, MAX_NODES } from '../address-plan.ts';
import type { CutPair } from '../partition-plan.ts';

/** kind's name of the cluster; the containers' names begin with it. */
export const KIND_CLUSTER = 'stcsi';

/** One control plane that takes no pods, and so many workers, with the settings that the other kind of cluster has. */
export function kindConfiguration(nodes: number): object {
  // A list replaces the whole list, so kind's own argument is said again. kind 0.33 writes v1beta4 from 1.36 on.
  const extraArgs = [
    { name: 'enable-hostpath-provisioner', value: 'true' },
    { name: 'node-monitor-grace-period', value: '20s' },
  ];
  const patch = {
    kind: 'ClusterConfiguration',
    apiVersion: 'kubeadm.k8s.io/v1beta4',
    controllerManager: { extraArgs },
  };
  return {
    kind: 'Cluster',
    apiVersion: 'kind.x-k8s.io/v1alpha4',
    kubeadmConfigPatches: [JSON.stringify(patch)],
    nodes: [{ role: 'control-plane' }, ...Array.from({ length: nodes }, () => ({ role: 'worker' }))],
  };
}

/**
 * The container, and Kubernetes node, of a machine: kind calls them stcsi-control-plane, stcsi-worker, stcsi-worker2 …
 * A name that is kind's own already stays as it is.
 */
export function containerOf(machine: string): string {
  if (machine === CONTROL_PLANE) return `${KIND_CLUSTER}-control-plane`;
  const index = /^node(\d+)$/.exec(machine)?.[1];
  if (index === undefined) return machine;
  return index === '1' ? `${KIND_CLUSTER}-worker` : `${KIND_CLUSTER}-worker${index}`;
}

/** The machine of a container, or of a Kubernetes node; its own names stay as they are. */
export function machineOf(name: string): string {
  const machines = [CONTROL_PLANE, ...Array.from({ length: MAX_NODES }, (_, index) => `node${index + 1}`)];
  return machines.find((machine) => containerOf(machine) === name) ?? name;
}

/** The chain, in each container, that drops what comes from machines that are cut off. */
export const CUT_CHAIN = 'STCSI-CUT';

/** Makes the chain, once, and has everything that arrives go through it. */
export const CUT_CHAIN_SCRIPT = `
iptables -N ${CUT_CHAIN} 2>/dev/null || exit 0
iptables -I INPUT -j ${CUT_CHAIN}
iptables -I FORWARD -j ${CUT_CHAIN}
`;

/** Rules, in the receiving container, for one direction: the sender's own address and those of its pods. */
export function cutRules(
  pair: CutPair,
  addresses: ReadonlyMap<string, readonly string[]>,
): readonly (readonly string[])[] {
  return (addresses.get(pair.from) ?? []).map((address) => [CUT_CHAIN, '-s', address, '-j', 'DROP']);
}
