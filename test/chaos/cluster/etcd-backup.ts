/** A backup of the API's state, and its return: what was changed in between never happened, as far as the API knows. */
import { NODES } from '../plan/fault-kind.ts';
import { killProcesses } from './processes.ts';
import {
  hasKubelet,
  killControl,
  killKubelet,
  onControlPlane,
  signalService,
  startControl,
  startKubelet,
} from './services.ts';
import type { Stage } from './stage.ts';

const DATA = '/var/lib/etcd';
const BACKUP = '/var/lib/etcd.backup';

/** Copied while etcd stands still: what a crash at this moment would leave, which etcd starts from. */
export async function backUpEtcd(stage: Stage): Promise<void> {
  await signalService(stage, 'control-plane', 'etcd', 'STOP');
  try {
    await onControlPlane(stage, `rm -rf ${BACKUP}; cp -a ${DATA} ${BACKUP}`);
  } finally {
    await signalService(stage, 'control-plane', 'etcd', 'CONT');
  }
}

/**
 * The whole control plane is started anew on the backup, and then the kubelets, as Kubernetes' manual says: one that
 * goes on waits for versions that were given already, and never sees a pod that is there again. Drivers go on.
 */
export async function restoreEtcd(stage: Stage): Promise<void> {
  await killControl(stage, 'kube-scheduler', 'kube-controller-manager', 'kube-apiserver', 'etcd');
  await onControlPlane(stage, `rm -rf ${DATA}; cp -a ${BACKUP} ${DATA}`);
  await startControl(stage);
  for (const node of NODES.filter((name) => hasKubelet(stage, name))) {
    await killKubelet(stage, node);
    await startKubelet(stage, node);
  }
  // Of the driver's pods the one program that is Kubernetes' own, and waits like the kubelets.
  await killProcesses({ words: ['csi-provisioner'] });
}
