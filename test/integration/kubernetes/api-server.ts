import { execFile } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { request } from 'node:https';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { program } from './programs.ts';
import { freePort, type ServerProcess, startProcess, waitFor } from './server-process.ts';

/** A real etcd and kube-apiserver on loopback, without nodes or controllers, for as long as a test needs them. */
export interface ApiServer extends AsyncDisposable {
  /** A kubeconfig of cluster-admin. */
  readonly kubeconfig: string;
  /** Runs kubectl as cluster-admin and returns what it prints; rejects with what it complains. */
  kubectl(args: readonly string[], input?: string): Promise<string>;
  /** A second kubeconfig for a service account that exists, with a token as a pod would have it. */
  kubeconfigOf(namespace: string, serviceAccount: string): Promise<string>;
  /** The same with a token that is bound to a pod that exists, and so names the node that this is on. */
  kubeconfigOfPod(namespace: string, pod: string): Promise<string>;
  /** The API server ends; etcd keeps everything. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Connections stay open and nobody answers, as behind a partition. */
  freeze(): void;
  thaw(): void;
  stop(): Promise<void>;
}

const run = promisify(execFile);

export async function startApiServer(): Promise<ApiServer> {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'kube-'));
  const started: ServerProcess[] = [];
  async function stop(): Promise<void> {
    // Nothing is to be kept, and the API server would wait for its watches.
    for (const each of started.toReversed()) await each.kill();
    fs.rmSync(directory, { recursive: true, force: true });
  }
  try {
    return await startIn(directory, started, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startIn(
  directory: string,
  started: ServerProcess[],
  stop: () => Promise<void>,
): Promise<ApiServer> {
  const etcd = await startEtcd(directory);
  started.push(etcd.process);
  const port = await freePort();
  const admin = randomBytes(16).toString('hex');
  const command = apiServerCommand({ directory, port, etcd: etcd.url, admin });

  async function resume(): Promise<void> {
    const apiServer = startProcess('kube-apiserver', command, directory);
    started.push(apiServer);
    await waitFor('the API server', () => isReady(port, admin), [etcd.process, apiServer]);
  }
  async function pause(): Promise<void> {
    await started.at(-1)?.kill();
  }
  await resume();
  const kubeconfig = writeKubeconfig(directory, { port, name: 'admin', token: admin });
  async function kubectl(args: readonly string[], input?: string): Promise<string> {
    const running = run(program('kubectl'), ['--kubeconfig', kubeconfig, ...args], {
      maxBuffer: 64 * 1024 * 1024,
    });
    running.child.stdin?.end(input ?? '');
    return (await running).stdout;
  }
  return {
    kubeconfig,
    kubectl,
    async kubeconfigOf(namespace, serviceAccount) {
      const token = (await kubectl(['-n', namespace, 'create', 'token', serviceAccount])).trim();
      return writeKubeconfig(directory, { port, name: `${namespace}.${serviceAccount}`, token });
    },
    async kubeconfigOfPod(namespace, pod) {
      const words = [
        '-n',
        namespace,
        'get',
        'pod',
        pod,
        '-o',
        'jsonpath={.spec.serviceAccountName} {.metadata.uid}',
      ];
      const [account = '', uid = ''] = (await kubectl(words)).split(' ');
      const bound = ['--bound-object-kind=Pod', `--bound-object-name=${pod}`, `--bound-object-uid=${uid}`];
      const token = (await kubectl(['-n', namespace, 'create', 'token', account, ...bound])).trim();
      return writeKubeconfig(directory, { port, name: `${namespace}.${account}.${pod}`, token });
    },
    pause,
    resume,
    freeze: () => started.at(-1)?.freeze(),
    thaw: () => started.at(-1)?.thaw(),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function startEtcd(
  directory: string,
): Promise<{ readonly process: ServerProcess; readonly url: string }> {
  const [client, peer] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${client}`;
  const peers = `http://127.0.0.1:${peer}`;
  const etcd = startProcess(
    'etcd',
    [
      program('etcd'),
      '--data-dir',
      path.join(directory, 'etcd'),
      '--unsafe-no-fsync',
      '--log-level',
      'warn',
      '--listen-client-urls',
      url,
      '--advertise-client-urls',
      url,
      '--listen-peer-urls',
      peers,
      '--initial-advertise-peer-urls',
      peers,
      '--initial-cluster',
      `default=${peers}`,
    ],
    directory,
  );
  return { process: etcd, url };
}

interface ApiServerSettings {
  readonly directory: string;
  readonly port: number;
  readonly etcd: string;
  readonly admin: string;
}

/** The API server makes its own certificate for loopback, so that no other program is needed for it. */
function apiServerCommand({ directory, port, etcd, admin }: ApiServerSettings): readonly string[] {
  const serviceAccountKey = path.join(directory, 'service-account.key');
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  fs.writeFileSync(serviceAccountKey, privateKey.export({ type: 'pkcs1', format: 'pem' }));
  const tokens = path.join(directory, 'tokens.csv');
  fs.writeFileSync(tokens, `${admin},admin,admin,"system:masters"\n`, { mode: 0o600 });
  return [
    program('kube-apiserver'),
    '--etcd-servers',
    etcd,
    '--bind-address',
    '127.0.0.1',
    '--secure-port',
    String(port),
    '--advertise-address',
    '127.0.0.1',
    '--endpoint-reconciler-type',
    'none',
    '--cert-dir',
    path.join(directory, 'certs'),
    '--token-auth-file',
    tokens,
    '--authorization-mode',
    'RBAC',
    '--allow-privileged',
    '--disable-admission-plugins',
    'ServiceAccount',
    '--service-cluster-ip-range',
    '10.96.0.0/16',
    '--service-account-issuer',
    'https://kubernetes.default.svc',
    '--service-account-key-file',
    serviceAccountKey,
    '--service-account-signing-key-file',
    serviceAccountKey,
    '--shutdown-delay-duration',
    '0s',
  ];
}

function writeKubeconfig(
  directory: string,
  user: { readonly port: number; readonly name: string; readonly token: string },
): string {
  const file = path.join(directory, `${user.name}.kubeconfig`);
  const ca = path.join(directory, 'certs', 'apiserver.crt');
  fs.writeFileSync(
    file,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        { name: 'test', cluster: { server: `https://127.0.0.1:${user.port}`, 'certificate-authority': ca } },
      ],
      users: [{ name: 'test', user: { token: user.token } }],
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
      'current-context': 'test',
    }),
    { mode: 0o600 },
  );
  return file;
}

function isReady(port: number, token: string): Promise<boolean> {
  return new Promise((resolve) => {
    const asking = request(
      {
        host: '127.0.0.1',
        port,
        path: '/readyz',
        rejectUnauthorized: false,
        agent: false,
        timeout: 5000,
        headers: { authorization: `Bearer ${token}` },
      },
      (answer) => {
        answer.resume();
        resolve(answer.statusCode === 200);
      },
    );
    asking.on('error', () => resolve(false));
    asking.on('timeout', () => asking.destroy());
    asking.end();
  });
}
