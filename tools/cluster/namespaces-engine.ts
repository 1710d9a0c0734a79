import { nodeMachines } from './address-plan.ts';
import type { ClusterContext } from './cluster-context.ts';
import { requireClusterState } from './cluster-state.ts';
import { down } from './down.ts';
import type { ClusterEngine } from './engine.ts';
import { imageSteps } from './image-steps.ts';
import { enterCommand, runningMachine } from './machine.ts';
import { heal, partition } from './partition.ts';
import { killNode, startNodeAgain } from './power.ts';
import { runSteps } from './steps.ts';
import { up } from './up.ts';

/** Nodes that are namespaces of this machine. */
export function namespacesEngine(context: ClusterContext): ClusterEngine {
  const { paths, signal } = context;
  return {
    up: async (nodes) => await up(nodes, context),
    down: async () => await down(context),
    killNode: async (name) => await killNode(name, context),
    startNode: async (name) => await startNodeAgain(name, context),
    partition: async (wanted) => await partition(wanted, signal),
    heal: async (machine, peer) => await heal(machine, peer, signal),
    async loadImages() {
      const nodes = nodeMachines(requireClusterState(paths).nodes);
      await runSteps([{ title: 'Images', together: imageSteps(nodes, context) }], context);
    },
    nodeCommand: (name, command) => enterCommand(runningMachine(paths, name), command),
  };
}
