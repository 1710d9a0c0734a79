import { afterAll, beforeAll, expect, it } from 'vitest';
import { waitUntil } from '../../tools/host/wait-until.ts';
import { deploy, helm, undeploy, type Release } from '../../tools/deploy/deploy.ts';
import { kubectl, remove, shell } from '../../tools/kube/kube.ts';
import { claimRef, waitForBound, waitForGone } from '../../tools/kube/wait-for.ts';
import { volumeOf } from '../../tools/kube/volumes.ts';
import { endPod, inPod, makeClaim, NODES, startPod, useStage } from './fixture.ts';
import { onNode } from './node-files.ts';

const stage = useStage('uninstall');
const DRIVER = 'leaving.example.org';
const LABEL = `${DRIVER}/syncthing-storage`;
const DIRECTORY = '/var/syncthing-csi-leaving';
const RELEASE: Release = {
  name: 'leaving',
  namespace: 'syncthing-csi-leaving',
  set: { driverName: DRIVER, nameSuffix: 'leaving', hostDataDir: DIRECTORY },
};
/** The kubelet makes them for a driver, one of them with its first volume, and leaves them empty when it goes. */
const KUBELETS = ['/var/lib/kubelet/plugins/kubernetes.io/csi/', '/var/lib/kubelet/plugins/'].map(
  (parent) => `${parent}${DRIVER}`,
);
const namespaceRef = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: RELEASE.namespace } };

async function label(change: string): Promise<void> {
  for (const node of ['node1', 'node2'])
    await kubectl(stage.kube, ['label', 'node', node, `${LABEL}${change}`, '--overwrite']);
}

async function clear(): Promise<void> {
  await undeploy(stage.kube, RELEASE, { force: true });
  await remove(stage.kube, namespaceRef);
  await waitForGone(stage.kube, namespaceRef);
  await label('-');
  for (const node of NODES) await onNode(stage.kube, node, ['rm', '-rf', '--one-file-system', DIRECTORY]);
}

beforeAll(async () => {
  await clear();
  await label('=yes');
  await deploy(stage.kube, RELEASE);
});
afterAll(async () => {
  await clear();
});

/** What names this instance on a node, but for its directory: mounts, sockets, directories of the kubelet. */
async function leftOn(node: string): Promise<readonly string[]> {
  const script = `grep -F leaving /proc/mounts
    find /var/lib/kubelet /run -xdev -path '*leaving*' ! -path '/var/lib/kubelet/pods/*' 2>/dev/null
    true`;
  return (await onNode(stage.kube, node, ['sh', '-c', script])).split('\n').filter((line) => line !== '');
}

it('is stopped by a volume in use, which it names; else everything goes but the files', async () => {
  const { kube, namespace } = stage;
  await makeClaim(stage, 'data', { storageClass: 'syncthing-leaving' });
  await startPod(stage, 'writer', { node: 'node1', claim: 'data' });
  await shell(kube, 'echo text > /data/file; sync', inPod(stage, 'writer'));
  const name = await waitForBound(kube, namespace, 'data');
  const volume = await volumeOf(kube, name, RELEASE.namespace);
  await expect(undeploy(kube, RELEASE)).rejects.toThrow(/pre-delete|hook/);
  const said = await kubectl(kube, ['-n', RELEASE.namespace, 'logs', 'job/syncthing-csi-uninstall-leaving']);
  expect(said).toContain(`${namespace}/data`);
  expect(said).toContain('on node1');
  expect(said).toContain('helm rollback');
  await expect(deploy(kube, RELEASE)).rejects.toThrow('has no deployed releases');
  await helm(kube, ['rollback', RELEASE.name, '1', '-n', RELEASE.namespace], 60_000);
  await deploy(kube, RELEASE);
  await shell(kube, 'echo more >> /data/file; sync', inPod(stage, 'writer'));
  await endPod(stage, 'writer');
  const free = async () => {
    const found = await volumeOf(kube, name, RELEASE.namespace);
    return found?.status.grant === undefined ? true : undefined;
  };
  await waitUntil(free, { signal: kube.signal, timeoutMs: 120_000, what: 'the flush' });
  await undeploy(kube, RELEASE);
  const left = await kubectl(kube, [
    'get',
    'clusterrole,clusterrolebinding,csidriver,storageclass,validatingadmissionpolicy,validatingadmissionpolicybinding',
    '-o',
    'name',
  ]);
  expect(left).not.toMatch(/leaving/);
  // The volume is still there in name, and nobody is who would take a finalizer away.
  await remove(kube, namespaceRef);
  await waitForGone(kube, namespaceRef, { timeoutMs: 120_000 });
  for (const node of NODES)
    expect(
      (await leftOn(node)).filter((path) => !KUBELETS.includes(path)),
      node,
    ).toEqual([]);
  const known = await kubectl(kube, ['get', 'csinode', '-o', 'jsonpath={.items[*].spec.drivers[*].name}']);
  expect(known.split(' ')).not.toContain(DRIVER);
  for (const node of ['node1', 'node2']) {
    const file = `${DIRECTORY}/volumes/${volume?.volumeId}/sync/data/file`;
    expect(await onNode(kube, node, ['cat', file])).toContain('text\nmore');
  }
  await remove(kube, claimRef(namespace, 'data'));
  await waitForGone(kube, claimRef(namespace, 'data'));
  await kubectl(kube, ['patch', 'pv', name, '--type=merge', '-p', '{"metadata":{"finalizers":null}}']);
  await kubectl(kube, ['delete', 'pv', name, '--ignore-not-found']);
});
