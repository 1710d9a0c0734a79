/** A driver of its own for csi-sanity, which counts volumes: one controller and one node, both on node1. */
import type { V1Pod } from '@kubernetes/client-node';
import { runInside, runningMachine } from '../../tools/cluster/machine.ts';
import { deploy, undeploy, type Release } from '../../tools/deploy/deploy.ts';
import { kubectl, list, type Kube } from '../../tools/kube/kube.ts';

export const SANITY_NODE = 'node1';
export const SANITY_DRIVER = 'sanity.syncthing-csi.io';

const HOST_DATA_DIR = '/var/syncthing-csi-sanity';

/** Whether ControllerPublishVolume is served and asked for as well. */
export const ATTACH = process.env['ATTACH'] === 'true';

export const SANITY_RELEASE: Release = {
  name: 'sanity',
  namespace: 'syncthing-csi-sanity',
  set: {
    driverName: SANITY_DRIVER,
    nameSuffix: '-sanity',
    hostDataDir: HOST_DATA_DIR,
    nodeLabel: `kubernetes.io/hostname=${SANITY_NODE}`,
    'controller.nodeSelector.kubernetes\\.io/hostname': SANITY_NODE,
  },
  flags: { 'storageClass.create': false, 'timings.trashGrace': 1000, attach: ATTACH },
};

const LABEL = `${SANITY_DRIVER}/syncthing-storage`;

export async function installInstance(kube: Kube): Promise<void> {
  await kubectl(kube, ['label', 'node', SANITY_NODE, `${LABEL}=yes`, '--overwrite']);
  await deploy(kube, SANITY_RELEASE);
}

/** Without its controller nobody takes the finalizers away; a run that failed half way left volumes. */
async function dropFinalizers(kube: Kube): Promise<void> {
  const { namespace } = SANITY_RELEASE;
  const found = await kubectl(kube, [
    '-n',
    namespace,
    'get',
    'stvol',
    '-o',
    'name',
    '--ignore-not-found',
  ]).catch(() => '');
  for (const name of found.split('\n').filter((line) => line !== '')) {
    await kubectl(kube, [
      '-n',
      namespace,
      'patch',
      name,
      '--type=merge',
      '-p',
      '{"metadata":{"finalizers":null}}',
    ]);
  }
}

/** Mounts first, since nothing must be removed through one. */
async function clearNode(kube: Kube): Promise<void> {
  const script = `
    awk '$5 ~ /csi-sanity/ {print $5}' /proc/self/mountinfo | sort -r | while read -r target; do umount "$target"; done
    rm -rf --one-file-system ${HOST_DATA_DIR}`;
  await runInside(runningMachine(kube.paths, SANITY_NODE), ['sh', '-c', script], kube.signal);
}

export async function removeInstance(kube: Kube): Promise<void> {
  await undeploy(kube, SANITY_RELEASE, { force: true });
  await dropFinalizers(kube);
  await kubectl(
    kube,
    ['delete', 'namespace', SANITY_RELEASE.namespace, '--ignore-not-found', '--timeout=120s'],
    150_000,
  );
  await kubectl(kube, ['label', 'node', SANITY_NODE, `${LABEL}-`]);
  await clearNode(kube);
}

/** The controller's socket as a process of the node sees it: in the pod's emptyDir. */
export async function controllerSocket(kube: Kube): Promise<string> {
  const pods = await list<V1Pod>(kube, 'v1', 'Pod', SANITY_RELEASE.namespace);
  const pod = pods.find((found) => found.metadata?.labels?.['app.kubernetes.io/component'] === 'controller');
  const uid = pod?.metadata?.uid ?? '';
  return `/var/lib/kubelet/pods/${uid}/volumes/kubernetes.io~empty-dir/csi/csi.sock`;
}

export function nodeSocket(): string {
  return `/var/lib/kubelet/plugins/${SANITY_DRIVER}/csi.sock`;
}
