/** Pods and claims as the API server tells of them: asking again and again would load the machine that is measured. */
import {
  CoreV1Api,
  KubeConfig,
  makeInformer,
  type KubernetesListObject,
  type KubernetesObject,
  type V1PersistentVolumeClaim,
  type V1Pod,
} from '@kubernetes/client-node';
import { EventEmitter, once } from 'node:events';
import type { Kube } from '../tools/kube/kube.ts';

export interface Watched {
  /** Its container runs: earlier than Ready, which the kubelet tells with a delay of its own. */
  podStarted(name: string): Promise<void>;
  podGone(name: string): Promise<void>;
  claimBound(name: string): Promise<void>;
  close(): Promise<void>;
}

const PATIENCE_MS = 120_000;

interface Followed<T> {
  until(name: string, holds: (object: T | undefined) => boolean, what: string): Promise<void>;
  close(): Promise<void>;
}

interface Followable<T extends KubernetesObject> {
  readonly config: KubeConfig;
  readonly namespace: string;
  readonly resource: string;
  readonly list: () => Promise<KubernetesListObject<T>>;
}

async function follow<T extends KubernetesObject>(
  { config, namespace, resource, list }: Followable<T>,
  signal: AbortSignal,
): Promise<Followed<T>> {
  const news = new EventEmitter().setMaxListeners(0);
  const informer = makeInformer(config, `/api/v1/namespaces/${namespace}/${resource}`, list);
  for (const verb of ['add', 'update', 'delete'] as const) informer.on(verb, () => news.emit('news'));
  let isClosed = false;
  // A watch that broke begins anew; what it missed comes with its list.
  informer.on('error', () => {
    if (!isClosed) void informer.start().catch(() => undefined);
  });
  await informer.start();
  return {
    async until(name, holds, what) {
      const patience = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
      try {
        while (!holds(informer.get(name, namespace))) await once(news, 'news', { signal: patience });
      } catch (error) {
        throw new Error(`waited in vain for ${resource} ${namespace}/${name} ${what}`, { cause: error });
      }
    },
    async close() {
      isClosed = true;
      await informer.stop();
    },
  };
}

function hasStarted(pod: V1Pod | undefined): boolean {
  return pod?.status?.containerStatuses?.[0]?.state?.running !== undefined;
}

export async function openWatched({ paths, signal }: Kube, namespace: string): Promise<Watched> {
  const config = new KubeConfig();
  config.loadFromFile(paths.kubeconfig);
  const core = config.makeApiClient(CoreV1Api);
  const common = { config, namespace };
  const pods = await follow<V1Pod>(
    { ...common, resource: 'pods', list: () => core.listNamespacedPod({ namespace }) },
    signal,
  );
  const claims = await follow<V1PersistentVolumeClaim>(
    {
      ...common,
      resource: 'persistentvolumeclaims',
      list: () => core.listNamespacedPersistentVolumeClaim({ namespace }),
    },
    signal,
  );
  return {
    podStarted: (name) => pods.until(name, hasStarted, 'to run'),
    podGone: (name) => pods.until(name, (pod) => pod === undefined, 'to go'),
    claimBound: (name) => claims.until(name, (claim) => claim?.status?.phase === 'Bound', 'to be bound'),
    async close() {
      await Promise.all([pods.close(), claims.close()]);
    },
  };
}
