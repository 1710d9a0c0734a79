import { CONTROL_PLANE_ADDRESS, POD_RANGE, SERVICE_RANGE } from './address-plan.ts';
import type { Service } from './service.ts';

/** Where a machine finds its configuration. */
const CONFIG = '/run/cluster/config';
const PKI = `${CONFIG}/pki`;
const ETCD_URL = 'http://127.0.0.1:2379';

/** Files of the cluster's pki folder that the control plane needs. */
export const CONTROL_PLANE_PKI: readonly string[] = [
  'ca.crt',
  'ca.key',
  'kube-apiserver.crt',
  'kube-apiserver.key',
  'apiserver-kubelet-client.crt',
  'apiserver-kubelet-client.key',
  'service-account.key',
  'service-account.pub',
];

/** Those who talk to the API server from the same machine, each with a kubeconfig of its own. */
export const CONTROL_PLANE_CLIENTS: readonly string[] = ['kube-controller-manager', 'kube-scheduler'];

/** Its machine's disk is never cut off, so it need not sync: that saves each API call some milliseconds. */
export const ETCD: Service = {
  name: 'etcd',
  command: [
    'etcd',
    '--data-dir=/var/lib/etcd',
    `--listen-client-urls=${ETCD_URL}`,
    `--advertise-client-urls=${ETCD_URL}`,
    '--listen-peer-urls=http://127.0.0.1:2380',
    '--unsafe-no-fsync',
    '--log-level=warn',
  ],
};

export const API_SERVER: Service = {
  name: 'kube-apiserver',
  command: [
    'kube-apiserver',
    `--etcd-servers=${ETCD_URL}`,
    `--advertise-address=${CONTROL_PLANE_ADDRESS}`,
    '--secure-port=6443',
    `--service-cluster-ip-range=${SERVICE_RANGE}`,
    '--allow-privileged=true',
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    `--client-ca-file=${PKI}/ca.crt`,
    `--tls-cert-file=${PKI}/kube-apiserver.crt`,
    `--tls-private-key-file=${PKI}/kube-apiserver.key`,
    `--kubelet-client-certificate=${PKI}/apiserver-kubelet-client.crt`,
    `--kubelet-client-key=${PKI}/apiserver-kubelet-client.key`,
    // Otherwise exec and logs look the node's name up, and there is no DNS.
    '--kubelet-preferred-address-types=InternalIP',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${PKI}/service-account.pub`,
    `--service-account-signing-key-file=${PKI}/service-account.key`,
  ],
};

export const CONTROLLER_MANAGER: Service = {
  name: 'kube-controller-manager',
  command: [
    'kube-controller-manager',
    `--kubeconfig=${CONFIG}/kube-controller-manager.kubeconfig`,
    '--bind-address=127.0.0.1',
    '--leader-elect=false',
    '--use-service-account-credentials=true',
    `--cluster-cidr=${POD_RANGE}`,
    `--root-ca-file=${PKI}/ca.crt`,
    `--service-account-private-key-file=${PKI}/service-account.key`,
    `--cluster-signing-cert-file=${PKI}/ca.crt`,
    `--cluster-signing-key-file=${PKI}/ca.key`,
    // A dead node is noticed after 20 s instead of 50 s: half a minute less for whoever waits for it.
    '--node-monitor-grace-period=20s',
    '--flex-volume-plugin-dir=/var/lib/kubelet/volumeplugins',
  ],
};

export const SCHEDULER: Service = {
  name: 'kube-scheduler',
  command: [
    'kube-scheduler',
    `--kubeconfig=${CONFIG}/kube-scheduler.kubeconfig`,
    '--bind-address=127.0.0.1',
    '--leader-elect=false',
  ],
};
