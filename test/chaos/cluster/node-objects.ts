/** What operators do to Node objects. */
import { labelNodes } from '../../../tools/kube/data-nodes.ts';
import { kubectl, list, remove } from '../../../tools/kube/kube.ts';
import { podRef } from '../../../tools/kube/wait-for.ts';
import type { V1Pod } from '@kubernetes/client-node';
import type { NodeName } from '../plan/fault-kind.ts';
import { NAMESPACE, type Stage } from './stage.ts';
import { eventually } from './eventually.ts';

const TAINT = 'node.kubernetes.io/out-of-service';

export async function taintOutOfService(stage: Stage, node: NodeName): Promise<void> {
  await kubectl(stage.kube, ['taint', 'node', node, `${TAINT}=nodeshutdown:NoExecute`, '--overwrite']);
}

/** Nothing to be done where the Node, or the taint, is not there. */
export async function untaint(stage: Stage, node: NodeName): Promise<void> {
  await kubectl(stage.kube, ['taint', 'node', node, `${TAINT}-`]).catch(() => '');
}

export async function deleteNode(stage: Stage, node: NodeName): Promise<void> {
  await kubectl(stage.kube, ['delete', 'node', node, '--wait=false']);
}

export async function uncordon(stage: Stage, node: NodeName): Promise<void> {
  await kubectl(stage.kube, ['uncordon', node]);
}

/** A Node object that was deleted comes back without its labels. */
export async function labelAgain(stage: Stage, dataNodes: readonly NodeName[]): Promise<void> {
  await eventually(
    async () => {
      await labelNodes(stage.kube, dataNodes);
      return true;
    },
    { signal: stage.signal, timeoutMs: 60_000, everyMs: 500, what: 'every node to take its label' },
  );
}

/** What an operator does who will not wait for Kubernetes to notice that a node is gone. */
export async function forcePodsOff(stage: Stage, node: NodeName): Promise<void> {
  const pods = await list<V1Pod>(stage.kube, 'v1', 'Pod', NAMESPACE);
  for (const pod of pods)
    if (pod.spec?.nodeName === node) await remove(stage.kube, podRef(NAMESPACE, pod.metadata?.name ?? ''), 0);
}
