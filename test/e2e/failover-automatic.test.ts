import type { KubernetesObject } from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { SyncthingVolume } from '../../src/desired/volume.ts';
import { DEFAULT_RELEASE, deploy } from '../../tools/deploy/deploy.ts';
import { ensure, kubectl, remove, shell } from '../../tools/kube/kube.ts';
import { podManifest } from '../../tools/kube/manifests.ts';
import { DRIVER_NAME } from '../../tools/kube/volumes.ts';
import { waitForRunning } from '../../tools/kube/wait-for.ts';
import { killOnNode } from './node-files.ts';
import { power } from './node-power.ts';
import {
  endPod,
  inPod,
  labelNodes,
  makeClaim,
  startPod,
  untilVolume,
  useStage,
  volumeOfClaim,
} from './fixture.ts';

const stage = useStage('automatic');
const CLAIM = 'goes-on';
const CLASS = { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name: 'e2e-automatic' } };

async function until(what: string, isSo: (volume: SyncthingVolume) => boolean): Promise<SyncthingVolume> {
  return await untilVolume(stage, { claim: CLAIM, what }, isSo);
}

beforeAll(async () => {
  await deploy(stage.kube, { ...DEFAULT_RELEASE, flags: { 'timings.failoverAfter': 20_000 } });
  const found = { ...CLASS, provisioner: DRIVER_NAME, parameters: { failover: 'automatic' } };
  await ensure(stage.kube, found as KubernetesObject);
});

afterAll(async () => {
  await power(stage.kube, 'node-start', 'node1');
  await remove(stage.kube, CLASS);
  await deploy(stage.kube, DEFAULT_RELEASE);
});

it('a volume of a silent node goes on by itself, and nobody says a word', async () => {
  const { kube, namespace } = stage;
  await labelNodes(kube, ['node1', 'node2', 'node3']);
  await makeClaim(stage, CLAIM, { storageClass: 'e2e-automatic' });
  await startPod(stage, 'silent', { node: 'node1', claim: CLAIM });
  await shell(kube, 'echo known > /data/known; sync', inPod(stage, 'silent'));
  const written = new Date().toISOString();
  await until('the file to be acknowledged', ({ status }) => (status.replicatedThrough ?? '') > written);
  await power(stage.kube, 'node-kill', 'node1');
  // Left alone, Syncthing takes 5 minutes to notice that a connection is dead.
  for (const node of ['node2', 'node3']) await killOnNode(kube, node, 'syncthing');
  await ensure(kube, podManifest({ namespace, name: 'next', node: 'node2', claim: CLAIM }));
  await waitForRunning(kube, namespace, 'next', { timeoutMs: 240_000 });
  expect(await shell(kube, 'cat /data/known', inPod(stage, 'next'))).toBe('known');
  const taints = await kubectl(kube, ['get', 'node', 'node1', '-o', 'jsonpath={.spec.taints[*].key}']);
  expect(taints).not.toContain('out-of-service');
  expect((await volumeOfClaim(stage, CLAIM)).status.stale.map(({ node }) => node)).toEqual(['node1']);
  await power(stage.kube, 'node-start', 'node1');
  await until('the old copy to rejoin', ({ status }) => status.stale.length === 0);
  await endPod(stage, 'silent');
  await endPod(stage, 'next');
});
