import type { Clock } from '../runtime/clock.ts';
import type { KubernetesClient } from './client.ts';
import { type Credentials, inClusterCredentials } from './credentials.ts';
import { KubernetesError } from './errors.ts';
import { createRestClient } from './rest-client.ts';
import { createTransport } from './transport.ts';

export interface ConnectOptions {
  /** The namespace of our resources. */
  readonly namespace: string;
  /** A kubeconfig file; without one, the pod's service account. */
  readonly kubeconfig?: string;
  /** Environment of the process: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are read. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** For the API server's logs, e.g. `syncthing-csi-node/0.1.0`. */
  readonly userAgent: string;
}

export interface Connection extends AsyncDisposable {
  readonly client: KubernetesClient;
}

/** Opens nothing yet: the first call does. Dispose to let the process end. */
export async function connectKubernetes(options: ConnectOptions): Promise<Connection> {
  const transport = createTransport({
    credentials: await findCredentials(options),
    clock: options.clock,
    userAgent: options.userAgent,
  });
  return {
    client: createRestClient({ transport, namespace: options.namespace }),
    async [Symbol.asyncDispose]() {
      transport.close();
    },
  };
}

async function findCredentials({ kubeconfig, environment, clock }: ConnectOptions): Promise<Credentials> {
  if (kubeconfig !== undefined) {
    const { kubeconfigCredentials } = await import('./kubeconfig-credentials.ts');
    return kubeconfigCredentials(kubeconfig);
  }
  const host = environment['KUBERNETES_SERVICE_HOST'];
  const port = environment['KUBERNETES_SERVICE_PORT'];
  if (host === undefined || port === undefined) {
    throw new KubernetesError(
      'unexpected',
      'not in a cluster (KUBERNETES_SERVICE_HOST is not set) and no kubeconfig was given',
    );
  }
  return inClusterCredentials({ host, port, clock });
}
