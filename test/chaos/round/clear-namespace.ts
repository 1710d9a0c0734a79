/** Takes everything of the rounds out of the cluster. */
import type { V1PersistentVolumeClaim, V1Pod } from '@kubernetes/client-node';
import { ensure, list, read, remove } from '../../../tools/kube/kube.ts';
import { namespaceManifest } from '../../../tools/kube/manifests.ts';
import { claimRef, podRef } from '../../../tools/kube/wait-for.ts';
import { eventually } from '../cluster/eventually.ts';
import { NAMESPACE, type Stage } from '../cluster/stage.ts';

const PATIENCE_MS = 300_000;

export async function makeNamespace(stage: Stage): Promise<void> {
  const options = { signal: stage.signal, timeoutMs: PATIENCE_MS, what: `namespace ${NAMESPACE}` };
  await eventually(async () => {
    await ensure(stage.kube, namespaceManifest(NAMESPACE));
    return true;
  }, options);
}

async function removeAll(stage: Stage): Promise<number> {
  const pods = await list<V1Pod>(stage.kube, 'v1', 'Pod', NAMESPACE);
  for (const pod of pods) await remove(stage.kube, podRef(NAMESPACE, pod.metadata?.name ?? ''));
  const claims = await list<V1PersistentVolumeClaim>(stage.kube, 'v1', 'PersistentVolumeClaim', NAMESPACE);
  for (const claim of claims) await remove(stage.kube, claimRef(NAMESPACE, claim.metadata?.name ?? ''));
  return pods.length + claims.length;
}

/** Pods and claims go, and with the claims their volumes. */
export async function clearNamespace(stage: Stage): Promise<void> {
  const what = `everything in namespace ${NAMESPACE} to go`;
  const ask = async () => ((await removeAll(stage)) === 0 ? true : undefined);
  await eventually(ask, { signal: stage.signal, timeoutMs: PATIENCE_MS, everyMs: 500, what });
}

export async function removeNamespace(stage: Stage): Promise<void> {
  await clearNamespace(stage);
  const ref = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } };
  const ask = async () => {
    await remove(stage.kube, ref);
    return (await read(stage.kube, ref)) === undefined ? true : undefined;
  };
  const what = `namespace ${NAMESPACE} to go`;
  await eventually(ask, { signal: stage.signal, timeoutMs: PATIENCE_MS, everyMs: 500, what });
}
