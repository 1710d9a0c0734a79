import { type Machine, POD_RANGE } from './address-plan.ts';
import { machineCgroup } from './cgroups.ts';
import type { Service } from './service.ts';

const CONFIG = '/run/cluster/config';
const CONTAINERD_SOCKET = '/run/containerd/containerd.sock';

/** The sandbox of every pod; written by tools/images. */
export const PAUSE_IMAGE = 'local.test/pause:dev';

/** Only what the kubelet's defaults cannot know, or what a node that shares its kernel with others cannot have. */
export function kubeletConfiguration(machine: Machine): object {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: `${CONFIG}/pki/ca.crt` },
    },
    authorization: { mode: 'Webhook' },
    containerRuntimeEndpoint: `unix://${CONTAINERD_SOCKET}`,
    // The nodes share the host's cgroup tree, where each has a branch of its own.
    cgroupDriver: 'cgroupfs',
    cgroupRoot: machineCgroup(machine.name),
    // All nodes see all of the host's memory and processors; none may fence off a part of them.
    enforceNodeAllocatable: [],
    failCgroupV1: false,
    failSwapOn: false,
    // Tests fill a node's disk to see what the driver says; the kubelet would taint the node and end its pods first.
    evictionHard: {
      'memory.available': '100Mi',
      'nodefs.available': '0%',
      'nodefs.inodesFree': '0%',
      'imagefs.available': '0%',
    },
    imageGCHighThresholdPercent: 100,
    volumePluginDir: '/var/lib/kubelet/volumeplugins',
  };
}

/** kube-proxy's own tables in the node's own network namespace. */
export function kubeProxyConfiguration(): object {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    clientConnection: { kubeconfig: `${CONFIG}/kube-proxy.kubeconfig` },
    mode: 'nftables',
    healthzBindAddress: `0.0.0.0:${KUBE_PROXY_HEALTH_PORT}`,
    clusterCIDR: POD_RANGE,
    detectLocalMode: 'ClusterCIDR',
    // Limits of the whole kernel, which are the host's.
    conntrack: { maxPerCore: 0 },
  };
}

/** TOML. */
export function containerdConfiguration(): string {
  return `version = 3
root = "/var/lib/containerd"
state = "/run/containerd"

[grpc]
  address = "${CONTAINERD_SOCKET}"

[plugins."io.containerd.cri.v1.images"]
  snapshotter = "overlayfs"
  [plugins."io.containerd.cri.v1.images".pinned_images]
    sandbox = "${PAUSE_IMAGE}"

[plugins."io.containerd.cri.v1.runtime"]
  # Where root lacks CAP_SYS_RESOURCE, runc could not lower a score and would fail.
  restrict_oom_score_adj = true
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = ["${CONFIG}/bin"]
    conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
      SystemdCgroup = false
`;
}

/** Each pod gets a link of its own to the node, which routes; no bridge, so a Service works from any pod to any other. */
export function cniConfiguration(machine: Machine): object {
  return {
    cniVersion: '1.0.0',
    name: 'pods',
    plugins: [
      {
        type: 'ptp',
        ipMasq: false,
        ipam: {
          type: 'host-local',
          ranges: [[{ subnet: machine.podRange, gateway: machine.podGateway }]],
          routes: [{ dst: '0.0.0.0/0' }],
        },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  };
}

/** What the node has in its own /etc. */
export function nodeEtc(
  machine: Machine,
  all: readonly Machine[],
  machineId: string,
): Readonly<Record<string, string>> {
  const hosts = all.map((other) => `${other.address} ${other.name}`);
  return {
    'etc/hosts': ['127.0.0.1 localhost', ...hosts, ''].join('\n'),
    'etc/hostname': `${machine.name}\n`,
    'etc/machine-id': `${machineId}\n`,
    // Empty on purpose: there is no name server, and none of the host's may be asked.
    'etc/resolv.conf': '',
    ...(machine.role === 'node'
      ? { 'etc/cni/net.d/10-pods.conflist': JSON.stringify(cniConfiguration(machine), undefined, 2) }
      : {}),
  };
}

export const CONTAINERD: Service = {
  name: 'containerd',
  command: ['containerd', '--config', `${CONFIG}/containerd.toml`],
};

export const KUBE_PROXY_HEALTH_PORT = 10_256;

export const KUBE_PROXY: Service = {
  name: 'kube-proxy',
  command: ['kube-proxy', `--config=${CONFIG}/kube-proxy.json`],
};

/** The kubelet with its defaults as far as they fit. */
export function kubelet(machine: Machine): Service {
  return {
    name: 'kubelet',
    command: [
      'kubelet',
      `--config=${CONFIG}/kubelet.json`,
      `--kubeconfig=${CONFIG}/kubelet.kubeconfig`,
      `--hostname-override=${machine.name}`,
      `--node-ip=${machine.address}`,
    ],
  };
}
