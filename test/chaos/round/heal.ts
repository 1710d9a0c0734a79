/** Brings the cluster back to a whole one, whatever was done to it. */
import { existsSync } from 'node:fs';
import type { V1Node } from '@kubernetes/client-node';
import { CONTROL_PLANE } from '../../../tools/cluster/address-plan.ts';
import { findRunningMachine } from '../../../tools/cluster/machine.ts';
import { healAll, readCut } from '../../../tools/cluster/partition.ts';
import { runInside, runningMachine } from '../../../tools/cluster/machine.ts';
import { isServiceAlive } from '../../../tools/cluster/service.ts';
import { read } from '../../../tools/kube/kube.ts';
import { labelAgain, uncordon, untaint } from '../cluster/node-objects.ts';
import { nodePath, powerOn } from '../cluster/power.ts';
import { hasKubelet, startControl, startKubelet } from '../cluster/services.ts';
import type { Stage } from '../cluster/stage.ts';
import { FILLER } from '../faults/disk-full.ts';
import { NODES, type NodeName } from '../plan/fault-kind.ts';
import { type ClusterObserved, type HealAction, type NodeObserved, planHealing } from './heal-plan.ts';

async function observeObject(stage: Stage, node: NodeName): Promise<Pick<NodeObserved, 'object'>> {
  const ref = { apiVersion: 'v1', kind: 'Node', metadata: { name: node } };
  const found = await read<V1Node>(stage.kube, ref).catch(() => undefined);
  if (found === undefined) return {};
  const isTainted = found.spec?.taints?.some((taint) => taint.key.endsWith('/out-of-service')) === true;
  return { object: { isTainted, isCordoned: found.spec?.unschedulable === true } };
}

async function observeNode(stage: Stage, node: NodeName): Promise<NodeObserved> {
  const machine = findRunningMachine(stage.paths, node);
  const filler = nodePath(stage, node, FILLER);
  return {
    isRunning: machine !== undefined,
    hasKubelet: hasKubelet(stage, node),
    hasFiller: filler !== undefined && existsSync(filler),
    ...(await observeObject(stage, node)),
  };
}

function hasControlPlane(stage: Stage): boolean {
  const machine = findRunningMachine(stage.paths, CONTROL_PLANE);
  const services = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'];
  return machine !== undefined && services.every((service) => isServiceAlive(machine, service));
}

async function observeCluster(stage: Stage): Promise<ClusterObserved> {
  const [node1, node2, node3] = await Promise.all([
    observeNode(stage, 'node1'),
    observeNode(stage, 'node2'),
    observeNode(stage, 'node3'),
  ]);
  const isCut = (await readCut(stage.signal)).length > 0;
  return { isCut, hasControlPlane: hasControlPlane(stage), nodes: { node1, node2, node3 } };
}

async function freeDisk(stage: Stage, node: NodeName): Promise<void> {
  await runInside(runningMachine(stage.paths, node), ['rm', '-f', FILLER], stage.signal);
}

async function applyHealing(stage: Stage, action: HealAction): Promise<void> {
  switch (action.kind) {
    case 'heal-network':
      return await healAll(stage.signal);
    case 'start-control-plane':
      return await startControl(stage);
    case 'power-on':
      return await powerOn(stage, action.node);
    case 'start-kubelet':
      return await startKubelet(stage, action.node);
    case 'free-disk':
      return await freeDisk(stage, action.node);
    case 'untaint':
      return await untaint(stage, action.node);
    case 'uncordon':
      return await uncordon(stage, action.node);
  }
}

/** Ends when nothing is broken any more; gives back what was done. */
export async function healCluster(
  stage: Stage,
  dataNodes: readonly NodeName[],
): Promise<readonly HealAction[]> {
  const done: HealAction[] = [];
  // What is seen only through the API is seen once it answers again.
  for (let look = 0; look < 3; look += 1) {
    const actions = planHealing(await observeCluster(stage));
    if (actions.length === 0) break;
    for (const action of actions) await applyHealing(stage, action);
    done.push(...actions);
  }
  await labelAgain(stage, dataNodes.length === 0 ? NODES : dataNodes);
  return done;
}
