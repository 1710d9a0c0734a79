/** Simulated nodes around one API server, fake or real, and the pods and volumes that a test gives them. */
import { exchange } from './simulated-syncthing.ts';
import { SimulatedNode } from './simulated-node.ts';
import type { KubernetesClient } from '../../src/kubernetes/client.ts';
import type { Clock } from '../../src/runtime/clock.ts';

export interface SimulatedClusterOptions {
  readonly client: KubernetesClient;
  readonly clock: Clock;
  readonly driverName: string;
  readonly names: readonly string[];
}

export class SimulatedCluster {
  readonly nodes: readonly SimulatedNode[];

  constructor({ names, ...options }: SimulatedClusterOptions) {
    this.nodes = names.map((name) => new SimulatedNode({ ...options, name }));
  }

  node(name: string): SimulatedNode {
    const node = this.nodes.find((each) => each.name === name);
    if (node === undefined) throw new Error(`no node ${name}`);
    return node;
  }

  /** Every node reads, obeys and reports once; then the daemons exchange and pull. */
  async step(): Promise<void> {
    for (const node of this.nodes) await node.step();
    this.sync();
  }

  sync(limit = Number.POSITIVE_INFINITY): void {
    for (const [index, one] of this.nodes.entries()) {
      for (const other of this.nodes.slice(index + 1)) exchange(one.syncthing, other.syncthing);
    }
    for (const { syncthing } of this.nodes) {
      if (syncthing.isOn && !syncthing.isSlow)
        for (const folderId of syncthing.folders.keys()) syncthing.pull(folderId, limit);
    }
  }
}
