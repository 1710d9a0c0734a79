import type { RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import type { Authorization, Credentials, TlsOptions } from './credentials.ts';
import { KubernetesError } from './errors.ts';

/**
 * A kubeconfig file with all that one may say: certificates, tokens, exec plugins, OIDC. For tools, tests and whoever
 * runs a component by hand; loaded on demand, a component in its pod never needs it.
 */
export function kubeconfigCredentials(file: string): Credentials {
  const config = new KubeConfig();
  try {
    config.loadFromFile(file);
  } catch (error) {
    throw new KubernetesError('unexpected', `cannot read the kubeconfig ${file}`, { cause: error });
  }
  const cluster = config.getCurrentCluster();
  if (cluster === null)
    throw new KubernetesError('unexpected', `the kubeconfig ${file} has no current context with a cluster`);
  return { server: cluster.server.replace(/\/+$/, ''), authorize: () => authorize(config) };
}

async function authorize(config: KubeConfig): Promise<Authorization> {
  const options: RequestOptions = { headers: {} };
  await config.applyToHTTPSOptions(options);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    if (typeof value === 'string') headers[name.toLowerCase()] = value;
  }
  if (typeof options.auth === 'string') {
    headers['authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`;
  }
  return { headers, tls: tlsOf(options) };
}

function tlsOf(options: RequestOptions): TlsOptions {
  const { ca, cert, key, servername, rejectUnauthorized } = options;
  return {
    ...(isPem(ca) && { ca }),
    ...(isPem(cert) && { cert }),
    ...(isPem(key) && { key }),
    ...(servername !== undefined && { servername }),
    ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
  };
}

function isPem(value: unknown): value is string | Buffer {
  return typeof value === 'string' || Buffer.isBuffer(value);
}
