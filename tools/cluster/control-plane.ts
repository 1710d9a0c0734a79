import { stringify } from 'yaml';
import { writeAtomically } from '../host/write-atomically.ts';
import { kubeconfig } from './certificate-plan.ts';
import { readCredentials } from './certificates.ts';
import { type ClusterPaths, machinePaths } from './cluster-paths.ts';
import { API_SERVER, CONTROLLER_MANAGER, ETCD, SCHEDULER } from './control-plane-plan.ts';
import { kubectl } from './kubectl.ts';
import type { RunningMachine } from './machine.ts';
import { type Service, startService, waitForService } from './service.ts';

/** The administrator's kubeconfig, at its fixed place. */
export function writeKubeconfig(paths: ClusterPaths): void {
  const content = stringify(kubeconfig('admin', readCredentials(paths.pki, 'admin')));
  writeAtomically(paths.kubeconfig, content, 0o600);
}

/** Starts what does not run of etcd, API server, controller manager and scheduler. */
export async function startControlPlane(
  machine: RunningMachine,
  paths: ClusterPaths,
  signal: AbortSignal,
): Promise<void> {
  const { logs } = machinePaths(paths, machine.name);
  async function start(service: Service): Promise<void> {
    await startService(machine, service, `${logs}/${service.name}.log`, signal);
  }
  async function isReady(): Promise<boolean> {
    try {
      return (await kubectl(paths, ['get', '--raw', '/readyz'], signal)) === 'ok';
    } catch {
      signal.throwIfAborted();
      return false;
    }
  }
  await start(ETCD);
  await start(API_SERVER);
  await waitForService(machine, API_SERVER.name, {
    logFile: `${logs}/${API_SERVER.name}.log`,
    ready: isReady,
    signal,
  });
  // Not earlier: without the roles that the API server makes first, the controller manager ends itself.
  await start(CONTROLLER_MANAGER);
  await start(SCHEDULER);
}
