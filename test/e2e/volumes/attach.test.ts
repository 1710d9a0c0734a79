import type { KubernetesObject, V1VolumeAttachment } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import type { SyncthingVolume } from '../../../src/desired/volume.ts';
import { waitUntil } from '../../../tools/host/wait-until.ts';
import { ensure, kubectl, list, remove, shell } from '../../../tools/kube/kube.ts';
import { claimManifest, podManifest } from '../../../tools/kube/manifests.ts';
import { DRIVER_NAME, listReplicas } from '../../../tools/kube/volumes.ts';
import { claimRef, waitForGone, waitForRunning } from '../../../tools/kube/wait-for.ts';
import {
  ATTACH,
  endPod,
  inPod,
  labelNodes,
  makeClaim,
  startPod,
  useStage,
  volumeOfClaim,
} from '../fixture.ts';

const stage = useStage('attach');

/** Nodes to which Kubernetes has the volume attached. */
async function attachedTo({ spec }: SyncthingVolume): Promise<readonly string[]> {
  const found = await list<V1VolumeAttachment>(stage.kube, 'storage.k8s.io/v1', 'VolumeAttachment');
  return found
    .filter((each) => each.spec.source.persistentVolumeName === spec.requestName)
    .filter((each) => each.status?.attached === true)
    .map((each) => each.spec.nodeName);
}

async function publishedOf(claim: string): Promise<readonly string[]> {
  return (await volumeOfClaim(stage, claim)).status.published.map(({ node }) => node);
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  await waitUntil(async () => ((await isSo()) ? true : undefined), {
    signal: stage.kube.signal,
    timeoutMs: 120_000,
    what,
  });
}

/** A second PersistentVolume of the volume, to be read in the place of the first (docs/operations.md). */
async function readingClaim(name: string, volume: SyncthingVolume): Promise<void> {
  const { namespace, kube } = stage;
  const persistentVolume = {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: `${namespace}-${name}` },
    spec: {
      accessModes: ['ReadOnlyMany'],
      capacity: { storage: '1Gi' },
      persistentVolumeReclaimPolicy: 'Retain',
      storageClassName: 'syncthing',
      claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name },
      csi: { driver: DRIVER_NAME, volumeHandle: volume.volumeId },
    },
  };
  await ensure(kube, persistentVolume as KubernetesObject);
  const volumeName = persistentVolume.metadata.name;
  await ensure(kube, claimManifest({ namespace, name, accessModes: ['ReadOnlyMany'], volumeName }));
}

describe.runIf(ATTACH)('with the attach step of Kubernetes', () => {
  it('a node is published as long as its pod is there, and has a copy for it', async () => {
    await labelNodes(stage.kube, ['node1', 'node2']);
    await makeClaim(stage, 'client');
    await startPod(stage, 'writer', { node: 'node3', claim: 'client' });
    const volume = await volumeOfClaim(stage, 'client');
    expect(await attachedTo(volume)).toEqual(['node3']);
    expect(await publishedOf('client')).toEqual(['node3']);
    await shell(stage.kube, 'echo text > /data/file; sync', inPod(stage, 'writer'));
    await endPod(stage, 'writer');
    await until('the detachment', async () => {
      return (await attachedTo(volume)).length === 0 && (await publishedOf('client')).length === 0;
    });
    await until('the copy on node3 to leave', async () => {
      const copies = await listReplicas(stage.kube, volume.name);
      return copies.every(({ spec }) => spec.node !== 'node3');
    });
    await startPod(stage, 'next', { node: 'node2', claim: 'client' });
    expect(await shell(stage.kube, 'cat /data/file', inPod(stage, 'next'))).toBe('text');
    await endPod(stage, 'next');
  });

  it('is refused while another node holds the volume, says so, and is given soon after', async () => {
    const { kube, namespace } = stage;
    await labelNodes(kube, ['node1', 'node2']);
    await makeClaim(stage, 'both');
    await startPod(stage, 'writer', { node: 'node1', claim: 'both' });
    await shell(kube, 'echo text > /data/file; sync', inPod(stage, 'writer'));
    const volume = await volumeOfClaim(stage, 'both');
    await readingClaim('reads', volume);
    await ensure(
      kube,
      podManifest({ namespace, name: 'reader', node: 'node2', claim: 'reads', readOnly: true }),
    );
    await until('the reason in kubectl describe pod', async () => {
      const text = await kubectl(kube, ['-n', namespace, 'describe', 'pod', 'reader']);
      return text.includes('FailedAttachVolume') && text.includes('node node1 holds the volume');
    });
    await endPod(stage, 'writer');
    await waitForRunning(kube, namespace, 'reader', { timeoutMs: 120_000 });
    expect(await shell(kube, 'cat /data/file', inPod(stage, 'reader'))).toBe('text');
    await endPod(stage, 'reader');
    await remove(kube, claimRef(namespace, 'reads'));
    await waitForGone(kube, claimRef(namespace, 'reads'));
    await kubectl(kube, ['delete', 'pv', `${namespace}-reads`]);
  });
});
