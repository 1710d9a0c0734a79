/** Programs that are built by one `go install` from the pinned tool lines of one go.mod. */
export type ProgramSet = {
  readonly name: string;
  /** Folder below tools/programs that has go.mod and go.sum. */
  readonly module: string;
  readonly packages: readonly string[];
  readonly tags?: string;
  /** Value of -ldflags. */
  readonly ldflags: string;
  /** What go calls the binary → what it is called in .cluster/bin. */
  readonly rename?: Readonly<Record<string, string>>;
  /** When it is needed: to start the cluster, for its use, only by tests, or only where a Docker engine runs. */
  readonly phase: 'start' | 'use' | 'test' | 'kind';
};

const STRIPPED = '-s -w';
const KUBERNETES_VERSION = '1.36.3';
const SYNCTHING_VERSION = '1.30.0';
/** The newest that is a Go module: the tags of version 2 and 3 have no /v2 in their path. */
export const HELM_PROVIDER_VERSION = '1.3.2';

/** Without these the binaries call themselves v0.0.0-master and clients misjudge what the server can do. */
function kubernetesLdflags(version: string): string {
  const [major, minor] = version.split('.');
  const facts = [
    ['gitVersion', `v${version}`],
    ['gitMajor', major],
    ['gitMinor', minor],
    ['gitTreeState', 'clean'],
    ['gitCommit', '0'.repeat(40)],
  ];
  return [
    STRIPPED,
    ...facts.map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`),
  ].join(' ');
}

const CNI = 'github.com/containernetworking/plugins/plugins';
const CONTAINERD = 'github.com/containerd/containerd/v2/cmd';
const KUBERNETES = 'k8s.io/kubernetes/cmd';

/** In the order in which they are built: what the cluster needs to start comes first. */
export const PROGRAM_SETS: readonly ProgramSet[] = [
  {
    name: 'cni',
    module: 'cni',
    packages: [`${CNI}/ipam/host-local`, `${CNI}/main/loopback`, `${CNI}/main/ptp`, `${CNI}/meta/portmap`],
    ldflags: STRIPPED,
    phase: 'start',
  },
  {
    name: 'etcd',
    module: 'etcd',
    packages: ['go.etcd.io/etcd/server/v3'],
    ldflags: STRIPPED,
    rename: { server: 'etcd' },
    phase: 'start',
  },
  {
    name: 'containerd',
    module: 'containerd',
    packages: ['containerd', 'containerd-shim-runc-v2', 'ctr'].map((name) => `${CONTAINERD}/${name}`),
    ldflags: STRIPPED,
    phase: 'start',
  },
  {
    name: 'kubernetes',
    module: 'kubernetes',
    packages: [
      'kube-apiserver',
      'kube-controller-manager',
      'kube-scheduler',
      'kubelet',
      'kube-proxy',
      'kubectl',
    ].map((name) => `${KUBERNETES}/${name}`),
    ldflags: kubernetesLdflags(KUBERNETES_VERSION),
    phase: 'start',
  },
  {
    name: 'sidecars',
    module: 'kubernetes',
    packages: [
      'github.com/kubernetes-csi/external-attacher/v4/cmd/csi-attacher',
      'github.com/kubernetes-csi/external-provisioner/v6/cmd/csi-provisioner',
    ],
    ldflags: kubernetesLdflags(KUBERNETES_VERSION),
    phase: 'use',
  },
  {
    name: 'syncthing',
    module: 'syncthing',
    packages: ['github.com/syncthing/syncthing/cmd/syncthing'],
    tags: 'noassets,noupgrade',
    ldflags: `${STRIPPED} -X github.com/syncthing/syncthing/lib/build.Version=v${SYNCTHING_VERSION}`,
    phase: 'use',
  },
  {
    name: 'csi-sanity',
    module: 'csi-sanity',
    packages: ['github.com/kubernetes-csi/csi-test/v5/cmd/csi-sanity'],
    ldflags: STRIPPED,
    phase: 'use',
  },
  {
    name: 'helm',
    module: 'helm',
    packages: ['helm.sh/helm/v4/cmd/helm'],
    ldflags: STRIPPED,
    phase: 'use',
  },
  {
    name: 'terraform-provider-helm',
    module: 'terraform-provider-helm',
    packages: ['github.com/hashicorp/terraform-provider-helm'],
    ldflags: STRIPPED,
    phase: 'test',
  },
  {
    name: 'opentofu',
    module: 'opentofu',
    packages: ['github.com/opentofu/opentofu/cmd/tofu'],
    ldflags: STRIPPED,
    phase: 'test',
  },
  {
    name: 'kind',
    module: 'kind',
    packages: ['sigs.k8s.io/kind'],
    ldflags: STRIPPED,
    phase: 'kind',
  },
];

/** The binaries' names as go writes them: the last part of the package that is not a major version. */
function builtName(goPackage: string): string {
  const parts = goPackage.split('/').filter((part) => !/^v\d+$/.test(part));
  return parts.at(-1) ?? goPackage;
}

/** The programs of a set: what go writes, and the name by which everybody knows it. */
export function programsOf(set: ProgramSet): readonly { readonly built: string; readonly name: string }[] {
  return set.packages.map((goPackage) => {
    const built = builtName(goPackage);
    return { built, name: set.rename?.[built] ?? built };
  });
}
