import { afterEach, expect, it } from 'vitest';
import { waitUntil } from '../../tools/host/wait-until.ts';
import { kubectl, shell } from '../../tools/kube/kube.ts';
import { DRIVER_NAMESPACE, listNodes, listReplicas } from '../../tools/kube/volumes.ts';
import { endPod, inPod, labelNodes, makeClaim, startPod, useStage, volumeOfClaim } from './fixture.ts';
import { HOST_DATA_DIR, onNode } from './node-files.ts';

const stage = useStage('expel');

/** As docs/security.md says it. */
async function expel(node: string, expelled: boolean | null): Promise<void> {
  const patch = JSON.stringify({ spec: { expelled } });
  await kubectl(stage.kube, ['-n', DRIVER_NAMESPACE, 'patch', 'stnode', node, '--type=merge', '-p', patch]);
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  await waitUntil(async () => ((await isSo()) ? true : undefined), {
    signal: stage.kube.signal,
    timeoutMs: 120_000,
    what,
  });
}

async function holders(): Promise<string> {
  const { base } = (await volumeOfClaim(stage, 'data')).status;
  return base.holders.map(({ node }) => node).join();
}

async function fileOn(node: string, name: string): Promise<string> {
  const { volumeId } = await volumeOfClaim(stage, 'data');
  const file = `${HOST_DATA_DIR}/volumes/${volumeId}/sync/data/${name}`;
  return await onNode(stage.kube, node, ['sh', '-c', `cat ${file} 2>/dev/null || true`]);
}

afterEach(async () => {
  await expel('node3', null);
  await labelNodes(stage.kube, ['node1', 'node2']);
});

it('nothing that is written afterwards reaches a node that is expelled, until the word is taken back', async () => {
  const { kube } = stage;
  await labelNodes(kube, ['node1', 'node2', 'node3']);
  await makeClaim(stage, 'data');
  await startPod(stage, 'writer', { node: 'node1', claim: 'data' });
  await shell(kube, 'echo before > /data/before; sync', inPod(stage, 'writer'));
  await endPod(stage, 'writer');
  await until('three proven copies', async () => (await holders()) === 'node1,node2,node3');
  await expel('node3', true);
  await until('all others to have fenced it', async () => {
    const nodes = (await listNodes(kube)).filter(({ name }) => name !== 'node3');
    return nodes.every(({ status }) => status?.fenced.includes('node3') === true);
  });
  const { name } = await volumeOfClaim(stage, 'data');
  await until('no copy to share with it', async () => {
    const copies = await listReplicas(kube, name);
    return copies.every(({ spec }) => spec.peers.every(({ node }) => node !== 'node3'));
  });
  await startPod(stage, 'writer', { node: 'node2', claim: 'data' });
  await shell(kube, 'echo after > /data/after; sync', inPod(stage, 'writer'));
  await endPod(stage, 'writer');
  await until('the copy on node1', async () => (await fileOn('node1', 'after')).includes('after'));
  expect(await fileOn('node3', 'before')).toContain('before');
  expect(await fileOn('node3', 'after')).toBe('');
  await expel('node3', null);
  await until('node3 to catch up', async () => (await fileOn('node3', 'after')).includes('after'));
});
