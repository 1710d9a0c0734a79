/** Conditions on the cluster that are waited for instead of slept for. */
import type { V1PersistentVolumeClaim, V1Pod } from '@kubernetes/client-node';
import { waitUntil } from '../host/wait-until.ts';
import { kubectl, read, type Kube, type ObjectRef } from './kube.ts';

export interface Patience {
  readonly timeoutMs?: number;
  readonly everyMs?: number;
}

export function podRef(namespace: string, name: string): ObjectRef {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace } };
}

export function claimRef(namespace: string, name: string): ObjectRef {
  return { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name, namespace } };
}

/** Waits; what `kubectl describe` says at the end of patience is part of the failure. */
async function waitFor<T>(
  kube: Kube,
  ref: ObjectRef,
  ask: () => Promise<T | undefined>,
  patience: Patience,
): Promise<T> {
  const what = `${ref.kind} ${ref.metadata.namespace ?? ''}/${ref.metadata.name}`;
  try {
    const { timeoutMs = 120_000, everyMs = 50 } = patience;
    return await waitUntil(ask, { signal: kube.signal, timeoutMs, everyMs, what });
  } catch (error) {
    const namespace = ref.metadata.namespace ?? 'default';
    const words = ['-n', namespace, 'describe', ref.kind, ref.metadata.name];
    const described = await kubectl(kube, words).catch(() => 'it is not there');
    throw new Error(`${what} did not get where it should:\n${described}`, { cause: error });
  }
}

export async function waitForRunning(
  kube: Kube,
  namespace: string,
  name: string,
  patience: Patience = {},
): Promise<V1Pod> {
  const ref = podRef(namespace, name);
  return await waitFor(
    kube,
    ref,
    async () => {
      const pod = await read<V1Pod>(kube, ref);
      const isReady =
        pod?.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') === true;
      return isReady && pod.metadata?.deletionTimestamp === undefined ? pod : undefined;
    },
    patience,
  );
}

export async function waitForGone(kube: Kube, ref: ObjectRef, patience: Patience = {}): Promise<void> {
  await waitFor(kube, ref, async () => ((await read(kube, ref)) === undefined ? true : undefined), patience);
}

/** The name of the PersistentVolume that the claim is bound to. */
export async function waitForBound(
  kube: Kube,
  namespace: string,
  name: string,
  patience: Patience = {},
): Promise<string> {
  const ref = claimRef(namespace, name);
  return await waitFor(
    kube,
    ref,
    async () => {
      const claim = await read<V1PersistentVolumeClaim>(kube, ref);
      return claim?.status?.phase === 'Bound' ? claim.spec?.volumeName : undefined;
    },
    patience,
  );
}
