import {
  API_SERVER_URL,
  CONTROL_PLANE_ADDRESS,
  KUBERNETES_SERVICE_ADDRESS,
  MAX_NODES,
  nodeMachines,
} from './address-plan.ts';

/** A certificate signed by the cluster's CA. `organizations` are the groups that Kubernetes sees. */
export type CertificatePlan = {
  readonly file: string;
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly alternativeNames: readonly string[];
};

function client(file: string, commonName: string, ...organizations: readonly string[]): CertificatePlan {
  return { file, commonName, organizations, alternativeNames: [] };
}

/** Every certificate of a cluster, for as many nodes as there could be: a node that joins later needs no new one. */
export const CERTIFICATES: readonly CertificatePlan[] = [
  {
    file: 'kube-apiserver',
    commonName: 'kube-apiserver',
    organizations: [],
    alternativeNames: [
      `IP:${CONTROL_PLANE_ADDRESS}`,
      `IP:${KUBERNETES_SERVICE_ADDRESS}`,
      'IP:127.0.0.1',
      'DNS:localhost',
      'DNS:kubernetes',
      'DNS:kubernetes.default',
      'DNS:kubernetes.default.svc',
      'DNS:kubernetes.default.svc.cluster.local',
    ],
  },
  client('admin', 'admin', 'system:masters'),
  client('apiserver-kubelet-client', 'apiserver-kubelet-client', 'system:masters'),
  client('kube-controller-manager', 'system:kube-controller-manager'),
  client('kube-scheduler', 'system:kube-scheduler'),
  client('kube-proxy', 'system:kube-proxy'),
  ...nodeMachines(MAX_NODES).map((node) => client(node.name, `system:node:${node.name}`, 'system:nodes')),
];

/** An openssl configuration for the certificate; the machine's own has defaults that differ between distributions. */
export function opensslConfig(plan: CertificatePlan | 'ca'): string {
  const head = '[req]\nprompt=no\ndistinguished_name=name\nx509_extensions=extensions\n';
  if (plan === 'ca')
    return `${head}[name]\nCN=syncthing-csi local cluster\n[extensions]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign,digitalSignature\nsubjectKeyIdentifier=hash\n`;
  const name = [
    ...plan.organizations.map((organization, index) => `${index}.O=${organization}`),
    `CN=${plan.commonName}`,
  ];
  const alternatives =
    plan.alternativeNames.length === 0 ? [] : [`subjectAltName=${plan.alternativeNames.join(',')}`];
  const extensions = [
    'basicConstraints=CA:FALSE',
    'keyUsage=digitalSignature',
    'extendedKeyUsage=serverAuth,clientAuth',
    ...alternatives,
  ];
  return `${head}[name]\n${name.join('\n')}\n[extensions]\n${extensions.join('\n')}\n`;
}

/** The PEM texts that a kubeconfig carries. */
export type Credentials = { readonly ca: string; readonly certificate: string; readonly key: string };

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** A kubeconfig as plain data; `name` is the user's name in it. */
export function kubeconfig(name: string, credentials: Credentials): object {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'local',
        cluster: { server: API_SERVER_URL, 'certificate-authority-data': base64(credentials.ca) },
      },
    ],
    users: [
      {
        name,
        user: {
          'client-certificate-data': base64(credentials.certificate),
          'client-key-data': base64(credentials.key),
        },
      },
    ],
    contexts: [{ name: 'local', context: { cluster: 'local', user: name } }],
    'current-context': 'local',
  };
}
