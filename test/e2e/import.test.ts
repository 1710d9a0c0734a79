import { afterAll, expect, it } from 'vitest';
import { execa } from 'execa';
import { waitUntil } from '../../tools/host/wait-until.ts';
import { kubectl, remove, shell } from '../../tools/kube/kube.ts';
import { claimRef, waitForGone } from '../../tools/kube/wait-for.ts';
import { DRIVER_NAMESPACE, listVolumes } from '../../tools/kube/volumes.ts';
import { endPod, inPod, labelNodes, startPod, useStage } from './fixture.ts';
import { HOST_DATA_DIR, nodesWithFolder, onNode } from './node-files.ts';

const stage = useStage('import');
const persistentVolumes: string[] = [];

afterAll(async () => {
  for (const name of persistentVolumes)
    await kubectl(stage.kube, ['delete', 'pv', name, '--ignore-not-found']);
});

/** As docs/operations.md says it: the command in the controller's container, and what it prints applied. */
async function importDirectory(node: string, directory: string, claim: string): Promise<void> {
  const { kube, namespace } = stage;
  const tool = `${kube.paths.bin}/kubectl --kubeconfig ${kube.paths.kubeconfig}`;
  const inController = `${tool} -n ${DRIVER_NAMESPACE} exec deployment/syncthing-csi-controller -c controller --`;
  const words = `--node ${node} --directory ${directory} --claim ${namespace}/${claim} --size 1Gi`;
  await execa('sh', ['-ec', `${inController} node /app/main.js import ${words} | ${tool} apply -f -`]);
  const found = await kubectl(kube, [
    '-n',
    namespace,
    'get',
    'pvc',
    claim,
    '-o',
    'jsonpath={.spec.volumeName}',
  ]);
  persistentVolumes.push(found.trim());
}

it('a directory on a node becomes a volume that pods on other nodes have', async () => {
  const { kube, namespace } = stage;
  await labelNodes(kube, ['node1', 'node2']);
  const from = `${HOST_DATA_DIR}/import/e2e-photos`;
  const script = `rm -rf ${from}; mkdir -p ${from}/.stfolder ${from}/album; echo picture > ${from}/album/one`;
  await onNode(kube, 'node1', ['sh', '-ec', script]);
  await importDirectory('node1', 'e2e-photos', 'photos');
  await startPod(stage, 'reader', { node: 'node3', claim: 'photos' });
  expect(await shell(kube, 'cd /data; ls -A; cat album/one', inPod(stage, 'reader'))).toBe('album\npicture');
  await shell(kube, 'echo new > /data/new; sync', inPod(stage, 'reader'));
  await endPod(stage, 'reader');
  await importDirectory('node1', 'e2e-photos', 'photos');
  const volumes = await listVolumes(kube);
  const volume = volumes.find(({ spec }) => spec.source?.directory === 'e2e-photos');
  const copies = async () => {
    const nodes = await nodesWithFolder(kube, volume?.volumeId ?? '');
    return nodes.toSorted().join() === 'node1,node2' ? true : undefined;
  };
  await waitUntil(copies, { signal: kube.signal, timeoutMs: 120_000, what: 'copies on the data nodes' });
  await remove(kube, claimRef(namespace, 'photos'));
  await waitForGone(kube, claimRef(namespace, 'photos'));
  await kubectl(kube, ['-n', DRIVER_NAMESPACE, 'delete', 'stvol', volume?.name ?? '', '--timeout=60s']);
});
