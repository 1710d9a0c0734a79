import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../runtime/clock.ts';
import { KubernetesError } from './errors.ts';

/** What one request needs to be let in. Asked for before every request: tokens and authorities rotate. */
export interface Authorization {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsOptions;
}

export interface TlsOptions {
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

export interface Credentials {
  /** Address of the API server, e.g. `https://10.96.0.1:443`. */
  readonly server: string;
  authorize(): Promise<Authorization>;
}

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
const REREAD_MS = 60_000;

export interface InClusterOptions {
  /** KUBERNETES_SERVICE_HOST and _PORT, which the kubelet sets in every container: no cluster DNS is needed. */
  readonly host: string;
  readonly port: string;
  readonly clock: Clock;
  readonly directory?: string;
}

/**
 * The pod's own service account. Read anew every minute, as the kubelet renews the token well before it ends. Written
 * here and not taken from client-node, which loads 12 MiB to do it (docs/design.md, "Packages").
 */
export function inClusterCredentials(options: InClusterOptions): Credentials {
  const { host, port, clock, directory = SERVICE_ACCOUNT } = options;
  let held: { readonly at: number; readonly authorization: Authorization } | undefined;
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    async authorize() {
      if (held !== undefined && clock.now() - held.at < REREAD_MS) return held.authorization;
      const authorization = await readServiceAccount(directory);
      held = { at: clock.now(), authorization };
      return authorization;
    },
  };
}

async function readServiceAccount(directory: string): Promise<Authorization> {
  try {
    const [token, ca] = await Promise.all([
      readFile(path.join(directory, 'token'), 'utf8'),
      readFile(path.join(directory, 'ca.crt')),
    ]);
    return { headers: { authorization: `Bearer ${token.trim()}` }, tls: { ca } };
  } catch (error) {
    const remedy = 'does the pod have a service account with its token mounted?';
    throw new KubernetesError('unexpected', `cannot read the service account in ${directory}: ${remedy}`, {
      cause: error,
    });
  }
}
