/** The programs that machines run for good: kubelet, API server, etcd and the others. */
import { controlPlaneMachine, CONTROL_PLANE, machineNamed } from '../../../tools/cluster/address-plan.ts';
import { machinePaths } from '../../../tools/cluster/cluster-paths.ts';
import { startControlPlane } from '../../../tools/cluster/control-plane.ts';
import { findRunningMachine, runInside, runningMachine } from '../../../tools/cluster/machine.ts';
import { kubelet } from '../../../tools/cluster/node-plan.ts';
import { isServiceAlive, startService } from '../../../tools/cluster/service.ts';
import { waitUntil } from '../../../tools/host/wait-until.ts';
import { NODES, type NodeName } from '../plan/fault-kind.ts';
import type { Stage } from './stage.ts';

export type ControlService = 'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler';

const SIGNAL = 'read -r pid start </run/cluster/services/$1 && kill "-$2" "$pid"';

/** Sends a signal to a service of a machine, and waits for its end if that is what it means; nothing where it does not run. */
export async function signalService(
  stage: Stage,
  machineName: string,
  service: string,
  name: 'KILL' | 'STOP' | 'CONT',
): Promise<void> {
  const machine = runningMachine(stage.paths, machineName);
  if (!isServiceAlive(machine, service)) return;
  await runInside(machine, ['sh', '-c', SIGNAL, 'sh', service, name], stage.signal);
  if (name !== 'KILL') return;
  const what = `${service} on ${machineName} to be gone`;
  const isGone = () => !isServiceAlive(machine, service) || undefined;
  await waitUntil(isGone, { signal: stage.signal, timeoutMs: 20_000, everyMs: 5, what });
}

/** Its machine runs, and so does it. */
export function hasKubelet(stage: Stage, node: NodeName): boolean {
  const machine = findRunningMachine(stage.paths, node);
  return machine !== undefined && isServiceAlive(machine, 'kubelet');
}

export async function killKubelet(stage: Stage, node: NodeName): Promise<void> {
  await signalService(stage, node, 'kubelet', 'KILL');
}

export async function startKubelet(stage: Stage, node: NodeName): Promise<void> {
  const machine = runningMachine(stage.paths, node);
  const logFile = `${machinePaths(stage.paths, node).logs}/kubelet.log`;
  await startService(machine, kubelet(machineNamed(node, NODES.length)), logFile, stage.signal);
}

export async function killControl(stage: Stage, ...services: readonly ControlService[]): Promise<void> {
  for (const service of services) await signalService(stage, CONTROL_PLANE, service, 'KILL');
}

/** Starts what does not run of the control plane, and waits until the API server is ready. */
export async function startControl(stage: Stage): Promise<void> {
  const { name } = controlPlaneMachine();
  await startControlPlane(runningMachine(stage.paths, name), stage.paths, stage.signal);
}

export async function onControlPlane(stage: Stage, script: string): Promise<void> {
  await runInside(runningMachine(stage.paths, CONTROL_PLANE), ['sh', '-ec', script], stage.signal);
}
