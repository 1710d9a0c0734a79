/** The demo's workload: a StatefulSet of one pod with one claim, moved by changing where it may run. */
import type { V1Pod, V1StatefulSet } from '@kubernetes/client-node';
import { waitUntil } from '../host/wait-until.ts';
import { merge, read, type Kube } from '../kube/kube.ts';
import { podSpec, WAIT_SCRIPT } from '../kube/manifests.ts';
import type { PodObservation } from './observations.ts';

export const NAMESPACE = 'demo';
export const CLAIM = 'photos';
const NAME = 'album';
const REF = { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name: NAME, namespace: NAMESPACE } };

/** Preferred first: the scheduler takes another of them only where the first is not there. */
function affinity(nodes: readonly string[]): Record<string, unknown> {
  const key = 'kubernetes.io/hostname';
  const term = (values: readonly string[]) => ({ matchExpressions: [{ key, operator: 'In', values }] });
  return {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term(nodes)] },
      preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, preference: term(nodes.slice(0, 1)) }],
    },
  };
}

function template(nodes: readonly string[], script: string): Record<string, unknown> {
  return {
    metadata: { labels: { app: NAME } },
    spec: { ...podSpec({ claim: CLAIM, script }), affinity: affinity(nodes) },
  };
}

export function workload(nodes: readonly string[]): V1StatefulSet {
  return {
    ...REF,
    spec: {
      serviceName: NAME,
      replicas: 1,
      selector: { matchLabels: { app: NAME } },
      template: template(nodes, WAIT_SCRIPT),
    },
  } as V1StatefulSet;
}

/** Moves the pod to the first of `nodes` that can run it, with a new script. */
export async function moveTo(kube: Kube, nodes: readonly string[], script = WAIT_SCRIPT): Promise<void> {
  await merge(kube, REF, { spec: { template: template(nodes, script) } });
}

export const POD = `${NAME}-0`;

export async function currentPod(kube: Kube): Promise<V1Pod | undefined> {
  return await read<V1Pod>(kube, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: POD, namespace: NAMESPACE },
  });
}

function isReady(pod: V1Pod | undefined): pod is V1Pod {
  const conditions = pod?.status?.conditions ?? [];
  return conditions.some((condition) => condition.type === 'Ready' && condition.status === 'True');
}

/** The pod, if it is ready and none of those that were seen before. */
function newPod(
  pod: V1Pod | undefined,
  seen: readonly PodObservation[],
): Pick<PodObservation, 'uid' | 'node'> | undefined {
  if (!isReady(pod) || pod.metadata?.deletionTimestamp !== undefined) return undefined;
  const uid = pod.metadata?.uid ?? '';
  return seen.some((other) => other.uid === uid) ? undefined : { uid, node: pod.spec?.nodeName ?? '' };
}

/** Waits for the pod that comes after those seen before, ready; `label` says which one it is. */
export async function waitForNewPod(
  kube: Kube,
  label: string,
  seen: readonly PodObservation[],
  timeoutMs: number,
): Promise<PodObservation> {
  const from = Date.now();
  const what = `${label}: kubectl -n ${NAMESPACE} describe pod ${POD}`;
  const options = { signal: kube.signal, timeoutMs, everyMs: 100, what };
  const found = await waitUntil(async () => newPod(await currentPod(kube), seen), options);
  return { label, ...found, readyAt: new Date().toISOString(), seconds: (Date.now() - from) / 1000 };
}
