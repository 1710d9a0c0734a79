import type { V1Pod } from '@kubernetes/client-node';
import { execa } from 'execa';
import { expect, it } from 'vitest';
import type { SyncthingVolume } from '../../src/desired/volume.ts';
import { ensure, kubectl, list, shell } from '../../tools/kube/kube.ts';
import { podManifest } from '../../tools/kube/manifests.ts';
import { DRIVER_NAMESPACE, listReplicas } from '../../tools/kube/volumes.ts';
import { waitForRunning } from '../../tools/kube/wait-for.ts';
import { endPod, inPod, labelNodes, makeClaim, startPod, untilVolume, useStage } from './fixture.ts';

const stage = useStage('forced-paths');
const CLAIM = 'given-up';

async function until(what: string, isSo: (volume: SyncthingVolume) => boolean): Promise<SyncthingVolume> {
  return await untilVolume(stage, { claim: CLAIM, what }, isSo);
}

async function driverPodOf(node: string): Promise<string> {
  const pods = await list<V1Pod>(stage.kube, 'v1', 'Pod', DRIVER_NAMESPACE);
  const found = pods.find(
    ({ metadata, spec }) =>
      spec?.nodeName === node && metadata?.labels?.['app.kubernetes.io/component'] === 'node',
  );
  return found?.metadata?.name ?? '';
}

/** As docs/operations.md says it. */
async function takeBack(node: string, archive: string, pod: string): Promise<void> {
  const kubectlWords = `${stage.kube.paths.bin}/kubectl --kubeconfig ${stage.kube.paths.kubeconfig}`;
  const from = `${kubectlWords} -n ${DRIVER_NAMESPACE} exec ${await driverPodOf(node)} -c node --`;
  const to = `${kubectlWords} -n ${stage.namespace} exec -i ${pod} --`;
  await execa('sh', [
    '-ec',
    `${from} tar -C ${archive}/data -c . | ${to} sh -c 'mkdir -p /data/recovered && tar -C /data/recovered -x'
    ${from} rm -r ${archive}`,
  ]);
}

it('a writer that a person gives up: the volume goes on, and what it had alone can be taken back', async () => {
  const { kube, namespace } = stage;
  await labelNodes(kube, ['node1', 'node2']);
  await makeClaim(stage, CLAIM);
  await startPod(stage, 'stuck', { node: 'node1', claim: CLAIM });
  await shell(kube, 'echo known > /data/known; sync', inPod(stage, 'stuck'));
  const written = new Date().toISOString();
  const { name, status } = await until(
    'the first file to be acknowledged',
    (volume) => (volume.status.replicatedThrough ?? '') > written,
  );
  await ensure(kube, podManifest({ namespace, name: 'next', node: 'node2', claim: CLAIM }));
  const epoch = status.grant?.epoch ?? 0;
  const patch = (value: number) =>
    kubectl(kube, [
      `--namespace=${DRIVER_NAMESPACE}`,
      'patch',
      `stvol/${name}`,
      '--type=merge',
      `--patch=${JSON.stringify({ spec: { forceDetach: { epoch: value } } })}`,
    ]);
  await expect(patch(epoch + 1)).rejects.toThrow('forceDetach names an epoch that was never given');
  await patch(epoch);
  await until('the grant to go over', (volume) => volume.status.grant?.node === 'node2');
  await shell(kube, 'echo alone > /data/alone; sync', inPod(stage, 'stuck'));
  await waitForRunning(kube, namespace, 'next', { timeoutMs: 200_000 });
  expect(await shell(kube, 'cd /data; cat *', inPod(stage, 'next'))).toBe('known');
  await endPod(stage, 'stuck');
  await until('the old copy to rejoin', (volume) => volume.status.stale.length === 0);
  const copy = (await listReplicas(kube, name)).find(({ spec }) => spec.node === 'node1');
  await takeBack('node1', copy?.status?.rejoin?.archive ?? 'none', 'next');
  expect(await shell(kube, 'cd /data/recovered; cat *', inPod(stage, 'next'))).toBe('alone');
  await until('the archive to be forgotten', ({ status: { conditions } }) =>
    conditions.some(({ type, status: is }) => type === 'Diverged' && is === 'False'),
  );
  await endPod(stage, 'next');
});
