import { nodeMachines } from './address-plan.ts';
import type { ClusterContext } from './cluster-context.ts';
import { requireClusterState } from './cluster-state.ts';
import { imageSteps } from './image-steps.ts';
import { runSteps } from './steps.ts';

/** Puts every archive of .cluster/images on every node of a cluster that is up. */
export async function loadImages(context: ClusterContext): Promise<void> {
  const { nodes } = requireClusterState(context.paths);
  await runSteps([{ title: 'Images', together: imageSteps(nodeMachines(nodes), context) }], context);
}
