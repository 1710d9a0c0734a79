import { withFileLock } from '../host/file-lock.ts';
import { CONTROL_PLANE, controlPlaneMachine, machineNamed, nodeMachines } from './address-plan.ts';
import { type ClusterContext, placeSets } from './cluster-context.ts';
import { requireClusterState } from './cluster-state.ts';
import { ClusterError } from './errors.ts';
import { cutPower } from './machine.ts';
import { ensureBridge } from './network.ts';
import { CLUSTER_LOCK } from './ownership.ts';
import { bringUpNode } from './up.ts';

function refuseControlPlane(name: string): void {
  if (name === CONTROL_PLANE)
    throw new ClusterError(
      'bad-option',
      'the control plane has no power switch: its etcd does not sync. Cut it off instead: make node-partition NODE=control-plane',
    );
}

/** Cuts the power of a node: what its disk had not synced is lost, and nobody is told. */
export async function killNode(name: string, context: ClusterContext): Promise<void> {
  refuseControlPlane(name);
  const { nodes } = requireClusterState(context.paths);
  machineNamed(name, nodes);
  await cutPower(context.paths, name, context.signal);
}

/** Gives a node its power back, and waits until it is Ready. */
export async function startNodeAgain(name: string, context: ClusterContext): Promise<void> {
  refuseControlPlane(name);
  const { nodes } = requireClusterState(context.paths);
  const node = machineNamed(name, nodes);
  const programs = await placeSets(context, ['start', 'use']);
  const machines = [controlPlaneMachine(), ...nodeMachines(nodes)];
  await withFileLock(CLUSTER_LOCK, { signal: context.signal, whenHeld: 'wait' }, async () => {
    await ensureBridge(context.signal);
    await bringUpNode(node, { context, programs, machines });
  });
}
