/** The writer's node is gone for good, as far as anybody knows, and somebody says so (handoff rule 25). */
import { deleteNode, forcePodsOff, labelAgain, taintOutOfService, untaint } from '../cluster/node-objects.ts';
import { powerOff, powerOn, removeDisk } from '../cluster/power.ts';
import type { Fault, FaultContext } from './fault.ts';

export interface NodeLost {
  readonly said: 'tainted' | 'deleted';
  readonly disk: 'old' | 'empty';
}

/** Half of the operators do not wait until Kubernetes takes the pods off by itself. */
export async function sayThatItIsGone(context: FaultContext, said: NodeLost['said']): Promise<void> {
  const { stage, planned } = context;
  if (said === 'tainted') await taintOutOfService(stage, planned.node);
  else await deleteNode(stage, planned.node);
  if (planned.dice % 2 === 0) await forcePodsOff(stage, planned.node);
}

export async function takeItBack({ stage, planned, dataNodes }: FaultContext): Promise<void> {
  await untaint(stage, planned.node);
  await labelAgain(stage, dataNodes);
}

/** It comes back with its old disk where the volumes could not go on without it. */
export function nodeLost({ said, disk }: NodeLost): Fault {
  return {
    ...(disk === 'empty' && { unmoved: `lost-${said}-old-disk` }),
    async apply(context) {
      await powerOff(context.stage, context.planned.node);
      await sayThatItIsGone(context, said);
      return 'applied';
    },
    async heal(context, moved) {
      const { stage, planned } = context;
      if (disk === 'empty' && moved) removeDisk(stage, planned.node);
      await powerOn(stage, planned.node);
      await takeItBack(context);
    },
  };
}
