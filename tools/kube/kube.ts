/** The API server as the demo, the tests on the cluster and the benchmarks use it. */
import {
  ApiException,
  KubeConfig,
  KubernetesObjectApi,
  type KubernetesObject,
} from '@kubernetes/client-node';
import { join } from 'node:path';
import { runCommand } from '../host/run-command.ts';
import { clusterPaths, type ClusterPaths } from '../cluster/cluster-paths.ts';
import { requireClusterState } from '../cluster/cluster-state.ts';

/** What an object is found by. */
export interface ObjectRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

export interface Kube {
  readonly paths: ClusterPaths;
  readonly objects: KubernetesObjectApi;
  readonly signal: AbortSignal;
}

export interface ExecOptions {
  readonly namespace: string;
  readonly pod: string;
  readonly timeoutMs?: number;
}

/** Talks to the cluster of this checkout. `signal` ends whatever is waited for. */
export function openKube(checkout: string, signal: AbortSignal): Kube {
  const paths = clusterPaths(checkout);
  const config = new KubeConfig();
  config.loadFromFile(paths.kubeconfig);
  return { paths, objects: KubernetesObjectApi.makeApiClient(config), signal };
}

/** For who reaches into the nodes, or calls them node1, node2 …: those of kind are containers with names of their own. */
export function openWithNodes(checkout: string, signal: AbortSignal): Kube {
  if (requireClusterState(clusterPaths(checkout)).engine !== 'namespaces')
    throw new Error(
      'demo, tests, benchmarks and chaos need the nodes of CLUSTER=namespaces: make cluster-down, then make cluster-up',
    );
  return openKube(checkout, signal);
}

function isNotFound(error: unknown): boolean {
  return error instanceof ApiException && error.code === 404;
}

function isAlreadyThere(error: unknown): boolean {
  return error instanceof ApiException && error.code === 409;
}

/** The object, or undefined where there is none. */
export async function read<T extends KubernetesObject>(kube: Kube, ref: ObjectRef): Promise<T | undefined> {
  try {
    return await kube.objects.read<T>(ref as never);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

export async function list<T extends KubernetesObject>(
  kube: Kube,
  apiVersion: string,
  kind: string,
  namespace?: string,
): Promise<readonly T[]> {
  const found = await kube.objects.list<T>(apiVersion, kind, namespace);
  return found.items;
}

/** Creates it; an object of that name that is there already stays as it is. */
export async function ensure(kube: Kube, object: KubernetesObject): Promise<void> {
  try {
    await kube.objects.create(object);
  } catch (error) {
    if (!isAlreadyThere(error)) throw error;
  }
}

/** Asks for its removal; gone already is fine. `graceSeconds` 0 removes a pod without waiting for its node. */
export async function remove(kube: Kube, ref: ObjectRef, graceSeconds?: number): Promise<void> {
  try {
    await kube.objects.delete(ref as KubernetesObject, undefined, undefined, graceSeconds);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** Merges `change` into the object. */
export async function merge(
  kube: Kube,
  ref: ObjectRef,
  change: Readonly<Record<string, unknown>>,
): Promise<void> {
  const words = ['patch', ref.kind, ref.metadata.name, '--type=merge', '-p', JSON.stringify(change)];
  await kubectl(
    kube,
    ref.metadata.namespace === undefined ? words : ['-n', ref.metadata.namespace, ...words],
  );
}

/** Runs kubectl on the cluster, with a minute for it unless said otherwise. */
export async function kubectl(kube: Kube, words: readonly string[], timeoutMs = 60_000): Promise<string> {
  const program = join(kube.paths.bin, 'kubectl');
  const command = [program, `--kubeconfig=${kube.paths.kubeconfig}`, ...words] as const;
  return await runCommand(command, { signal: kube.signal, timeoutMs });
}

/** Runs a shell script in a pod's first container and gives back what it prints. */
export async function shell(kube: Kube, script: string, options: ExecOptions): Promise<string> {
  const { namespace, pod, timeoutMs } = options;
  return await kubectl(kube, ['-n', namespace, 'exec', pod, '--', 'sh', '-ec', script], timeoutMs ?? 120_000);
}
