import type { V1Pod } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { waitUntil } from '../../tools/host/wait-until.ts';
import { ensure, list, read, remove, shell } from '../../tools/kube/kube.ts';
import { podManifest } from '../../tools/kube/manifests.ts';
import { DRIVER_NAMESPACE } from '../../tools/kube/volumes.ts';
import { podRef, waitForGone, waitForRunning } from '../../tools/kube/wait-for.ts';
import { endPod, inPod, labelNodes, makeClaim, startPod, useStage, type Stage } from './fixture.ts';
import { killOnNode, type Victim } from './node-files.ts';

const stage = useStage('kills');

async function controllerNode(): Promise<string> {
  const pods = await list<V1Pod>(stage.kube, 'v1', 'Pod', DRIVER_NAMESPACE);
  const controller = pods.find((pod) => pod.spec?.serviceAccountName?.includes('controller') === true);
  return controller?.spec?.nodeName ?? '';
}

async function killOn(node: string, victim: Victim): Promise<void> {
  await killOnNode(stage.kube, victim === 'controller' ? await controllerNode() : node, victim);
}

async function scheduled(test: Stage, pod: string): Promise<void> {
  const ask = async () => {
    const found = await read<V1Pod>(test.kube, podRef(test.namespace, pod));
    return found?.spec?.nodeName === undefined ? undefined : true;
  };
  await waitUntil(ask, {
    signal: test.kube.signal,
    timeoutMs: 30_000,
    everyMs: 10,
    what: `pod ${pod} to be scheduled`,
  });
}

describe('a part of the driver that dies in the middle', () => {
  it.each(['node', 'syncthing', 'controller'] as const)('%s, while a volume is attached', async (victim) => {
    await labelNodes(stage.kube, ['node1', 'node2']);
    const claim = `attach-${victim}`;
    await makeClaim(stage, claim);
    await startPod(stage, 'writer', { node: 'node1', claim });
    await shell(
      stage.kube,
      `head -c 5000000 /dev/urandom > /data/big; echo ${victim} > /data/file; sync`,
      inPod(stage, 'writer'),
    );
    const written = await shell(stage.kube, 'cd /data; sha256sum big file', inPod(stage, 'writer'));
    await endPod(stage, 'writer');
    await ensure(
      stage.kube,
      podManifest({ namespace: stage.namespace, name: 'reader', node: 'node3', claim }),
    );
    await scheduled(stage, 'reader');
    await killOn('node3', victim);
    await waitForRunning(stage.kube, stage.namespace, 'reader', { timeoutMs: 240_000 });
    expect(await shell(stage.kube, 'cd /data; sha256sum big file', inPod(stage, 'reader'))).toBe(written);
    await endPod(stage, 'reader');
  });

  it.each(['node', 'syncthing', 'controller'] as const)('%s, while a volume is detached', async (victim) => {
    await labelNodes(stage.kube, ['node1', 'node2']);
    const claim = `detach-${victim}`;
    await makeClaim(stage, claim);
    await startPod(stage, 'writer', { node: 'node3', claim });
    await shell(
      stage.kube,
      `head -c 5000000 /dev/urandom > /data/big; echo ${victim} > /data/file`,
      inPod(stage, 'writer'),
    );
    const written = await shell(stage.kube, 'cd /data; sha256sum big file', inPod(stage, 'writer'));
    await remove(stage.kube, podRef(stage.namespace, 'writer'));
    await killOn('node3', victim);
    await waitForGone(stage.kube, podRef(stage.namespace, 'writer'), { timeoutMs: 180_000 });
    await ensure(
      stage.kube,
      podManifest({ namespace: stage.namespace, name: 'reader', node: 'node1', claim }),
    );
    await waitForRunning(stage.kube, stage.namespace, 'reader', { timeoutMs: 240_000 });
    expect(await shell(stage.kube, 'cd /data; sha256sum big file', inPod(stage, 'reader'))).toBe(written);
    await endPod(stage, 'reader');
  });

  it('leaves the files of a running pod alone while node and Syncthing restart under it', async () => {
    await makeClaim(stage, 'running');
    await startPod(stage, 'writer', { node: 'node1', claim: 'running' });
    await shell(stage.kube, 'echo before > /data/before', inPod(stage, 'writer'));
    await killOnNode(stage.kube, 'node1', 'node');
    await shell(stage.kube, 'echo between > /data/between', inPod(stage, 'writer'));
    await killOnNode(stage.kube, 'node1', 'syncthing');
    await shell(stage.kube, 'echo after > /data/after', inPod(stage, 'writer'));
    await endPod(stage, 'writer');
    await startPod(stage, 'reader', { node: 'node2', claim: 'running' });
    const read = await shell(
      stage.kube,
      'cat /data/before /data/between /data/after',
      inPod(stage, 'reader'),
    );
    expect(read).toBe('before\nbetween\nafter');
    await endPod(stage, 'reader');
  });
});
