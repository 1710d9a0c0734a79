import { afterAll, expect, it } from 'vitest';
import { execa } from 'execa';
import type { SyncthingVolume } from '../../../src/desired/volume.ts';
import { waitUntil } from '../../../tools/host/wait-until.ts';
import { kubectl, remove, shell } from '../../../tools/kube/kube.ts';
import { claimRef, waitForGone } from '../../../tools/kube/wait-for.ts';
import { DRIVER_NAMESPACE, listNodes, listVolumes } from '../../../tools/kube/volumes.ts';
import { endPod, inPod, labelNodes, makeClaim, startPod, useStage, volumeOfClaim } from '../fixture.ts';
import { HOST_DATA_DIR, nodesWithFolder, onNode } from '../node-files.ts';

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

async function importedFrom(directory: string): Promise<SyncthingVolume | undefined> {
  return (await listVolumes(stage.kube)).find(({ spec }) => spec.source?.directory === directory);
}

/** The claim, and its volume, which is retained. */
async function dropImported(claim: string, directory: string): Promise<void> {
  const { kube, namespace } = stage;
  await remove(kube, claimRef(namespace, claim));
  await waitForGone(kube, claimRef(namespace, claim));
  const name = (await importedFrom(directory))?.name ?? '';
  await kubectl(kube, ['-n', DRIVER_NAMESPACE, 'delete', 'stvol', name, '--timeout=60s'], 90_000);
}

it('a directory on a node becomes a volume that pods on other nodes have', async () => {
  const { kube } = stage;
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
  const volume = await importedFrom('e2e-photos');
  const copies = async () => {
    const nodes = await nodesWithFolder(kube, volume?.volumeId ?? '');
    return nodes.toSorted().join() === 'node1,node2' ? true : undefined;
  };
  await waitUntil(copies, { signal: kube.signal, timeoutMs: 120_000, what: 'copies on the data nodes' });
  await dropImported('photos', 'e2e-photos');
});

it('a volume starts again from the copy that a person chooses, under the same claim', async () => {
  const { kube, namespace } = stage;
  await labelNodes(kube, ['node1', 'node2']);
  await makeClaim(stage, 'again');
  await startPod(stage, 'writer', { node: 'node1', claim: 'again' });
  await shell(kube, 'echo of-the-chosen-copy > /data/file; sync', inPod(stage, 'writer'));
  await endPod(stage, 'writer');
  const { name, volumeId } = await volumeOfClaim(stage, 'again');
  const json = ['get', 'pvc', 'again', '-o', 'jsonpath={.spec.volumeName}'];
  const persistentVolume = (await kubectl(kube, ['-n', namespace, ...json])).trim();
  await kubectl(kube, ['-n', DRIVER_NAMESPACE, 'delete', 'stvol', name, '--timeout=60s'], 90_000);
  const isOrphan = async () => {
    const node = (await listNodes(kube)).find((each) => each.name === 'node1');
    return node?.status?.orphans.some((orphan) => orphan.includes(volumeId)) === true ? true : undefined;
  };
  await waitUntil(isOrphan, { signal: kube.signal, timeoutMs: 120_000, what: 'node1 to list the orphan' });
  await remove(kube, claimRef(namespace, 'again'));
  await waitForGone(kube, claimRef(namespace, 'again'));
  await kubectl(kube, ['delete', 'pv', persistentVolume, '--ignore-not-found', '--timeout=60s'], 90_000);
  const place = `${HOST_DATA_DIR}/volumes/${volumeId}/sync/data`;
  const chosen = `${HOST_DATA_DIR}/import/e2e-again`;
  await onNode(kube, 'node1', ['sh', '-ec', `rm -rf ${chosen}; mv ${place} ${chosen}`]);
  await importDirectory('node1', 'e2e-again', 'again');
  await startPod(stage, 'reader', { node: 'node2', claim: 'again' });
  expect(await shell(kube, 'cat /data/file', inPod(stage, 'reader'))).toBe('of-the-chosen-copy');
  await endPod(stage, 'reader');
  await dropImported('again', 'e2e-again');
});
