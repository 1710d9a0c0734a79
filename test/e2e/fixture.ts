/** One namespace a test file on the local cluster, taken away with its claims at the end. */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { V1PersistentVolumeClaim, V1Pod } from '@kubernetes/client-node';
import { afterAll, beforeAll } from 'vitest';
import { waitUntil } from '../../tools/host/wait-until.ts';
import { ensure, kubectl, list, openWithNodes, remove, type Kube } from '../../tools/kube/kube.ts';
import {
  claimManifest,
  namespaceManifest,
  podManifest,
  type ClaimOptions,
  type PodOptions,
} from '../../tools/kube/manifests.ts';
import { claimRef, podRef, waitForBound, waitForGone, waitForRunning } from '../../tools/kube/wait-for.ts';
import { DRIVER_NAMESPACE, volumeOf } from '../../tools/kube/volumes.ts';
import type { SyncthingVolume } from '../../src/desired/volume.ts';

export { labelNodes, NODES } from '../../tools/kube/data-nodes.ts';

/** The driver was installed with `attach: true`: what two nodes want, Kubernetes sees before the driver does. */
export const ATTACH = process.env['ATTACH'] === 'true';

const checkout = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export interface Stage {
  readonly kube: Kube;
  readonly namespace: string;
}

/** Opens the cluster for a file of tests and leaves it as it found it, but for the labels. */
export function useStage(name: string): Stage {
  const abort = new AbortController();
  const namespace = `e2e-${name}`;
  const stage: Stage = { kube: openWithNodes(checkout, abort.signal), namespace };
  beforeAll(async () => {
    await clear(stage);
    await ensure(stage.kube, namespaceManifest(namespace));
  });
  afterAll(async () => {
    await clear(stage);
    abort.abort();
  });
  return stage;
}

/** Pods first, then claims and with them their volumes, then the namespace. */
async function clear(stage: Stage): Promise<void> {
  const { kube, namespace } = stage;
  const pods = await list<V1Pod>(kube, 'v1', 'Pod', namespace);
  for (const pod of pods) await endPod(stage, pod.metadata?.name ?? '');
  const claims = await list<V1PersistentVolumeClaim>(kube, 'v1', 'PersistentVolumeClaim', namespace);
  for (const claim of claims) {
    await remove(kube, claimRef(namespace, claim.metadata?.name ?? ''));
    await waitForGone(kube, claimRef(namespace, claim.metadata?.name ?? ''));
  }
  const ref = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
  await remove(kube, ref);
  await waitForGone(kube, ref);
}

export async function makeClaim(
  stage: Stage,
  name: string,
  options: Partial<ClaimOptions> = {},
): Promise<void> {
  await ensure(stage.kube, claimManifest({ ...options, namespace: stage.namespace, name }));
}

export async function startPod(
  stage: Stage,
  name: string,
  options: Partial<PodOptions> = {},
): Promise<V1Pod> {
  await ensure(stage.kube, podManifest({ ...options, namespace: stage.namespace, name }));
  return await waitForRunning(stage.kube, stage.namespace, name);
}

export async function endPod(stage: Stage, name: string): Promise<void> {
  await remove(stage.kube, podRef(stage.namespace, name));
  await waitForGone(stage.kube, podRef(stage.namespace, name));
}

/** The volume behind a bound claim. */
export async function volumeOfClaim(stage: Stage, claim: string): Promise<SyncthingVolume> {
  const volume = await volumeOf(stage.kube, await waitForBound(stage.kube, stage.namespace, claim));
  if (volume === undefined)
    throw new Error(`no SyncthingVolume in ${DRIVER_NAMESPACE} is the volume of claim ${claim}`);
  return volume;
}

/** Looks at the volume behind a claim until it is so, for at most three minutes. */
export async function untilVolume(
  stage: Stage,
  { claim, what }: { readonly claim: string; readonly what: string },
  isSo: (volume: SyncthingVolume) => boolean,
): Promise<SyncthingVolume> {
  const ask = async () => {
    const volume = await volumeOfClaim(stage, claim);
    return isSo(volume) ? volume : undefined;
  };
  return await waitUntil(ask, { signal: stage.kube.signal, timeoutMs: 180_000, what });
}

export function inPod(stage: Stage, pod: string): { readonly namespace: string; readonly pod: string } {
  return { namespace: stage.namespace, pod };
}

/** What Kubernetes stages by is the first access mode that the PersistentVolume lists. */
export async function setModes(stage: Stage, claim: string, accessModes: readonly string[]): Promise<void> {
  const volume = await volumeOfClaim(stage, claim);
  const patch = JSON.stringify({ spec: { accessModes } });
  await kubectl(stage.kube, ['patch', 'pv', volume.spec.requestName, '--type=merge', '-p', patch]);
}
